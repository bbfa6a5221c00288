import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { EXIT } from './exit.ts'
import { run } from './run.ts'
import { environment } from './settings.ts'
import { inputOf, outputOf } from './terminal.ts'
import { trusting } from './trust-store.ts'
import type { Program, World } from './world.ts'

/** The composition root of the command line: the only place that touches the process. */
const stop = new AbortController()
const [env, home, isRoot] = [environment(), homedir(), process.getuid?.() === 0]

const world: World = {
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  stdin: inputOf(process.stdin, process.stderr, stop.signal),
  env,
  home,
  isRoot,
  fetch: (url, init) => fetch(url, init),
  trusting,
  now: () => new Date(),
  newId: () => randomBytes(16).toString('hex'),
  signal: stop.signal,
  runHere,
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time the user means it: nothing is waited for.
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    stop.abort(new Error(`Stopped by ${signal}`))
  })
}

// What was to be said has been written. Node's own way out can spin for ever on a socket that was reset meanwhile.
process.exit(await run(process.argv.slice(2), world))

/** Runs a program of the platform in this terminal, with the same runtime as this one. */
function runHere(program: Program, ...args: string[]): Promise<number> {
  const main = fileURLToPath(new URL(`../${program}.ts`, import.meta.url))
  const isDeno = 'Deno' in globalThis
  const options = ['run', '-A', '--no-check', '--node-modules-dir=manual', '--unstable-net']
  const child = spawn(process.execPath, [...(isDeno ? options : []), main, ...args], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  // A terminal's Ctrl-C reaches the whole group by itself.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? EXIT.interrupted))
  })
}
