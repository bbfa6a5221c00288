import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as modules from 'node:module'
import { homedir } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { EXIT } from './exit.ts'
import { environment, settingsFrom } from './settings.ts'
import { inputOf, outputOf } from './terminal.ts'
import type { World } from './world.ts'

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
  now: () => new Date(),
  newId: () => randomBytes(16).toString('hex'),
  signal: stop.signal,
  startPlatform,
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time the user means it: nothing is waited for.
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    stop.abort(new Error(`Stopped by ${signal}`))
  })
}

// Compiled code is kept, because the contract's schemas take most of the time otherwise. Deno has a
// cache of its own, and lacks this function.
if ('enableCompileCache' in modules) modules.enableCompileCache(settingsFrom(world).cachePath)
const { run } = await import('./run.ts')
process.exitCode = await run(process.argv.slice(2), world)

/** Runs the platform in this terminal, with the same runtime as this program. */
function startPlatform(): Promise<number> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const isDeno = 'Deno' in globalThis
  const options = ['run', '-A', '--no-check', '--node-modules-dir=manual', '--unstable-net']
  const child = spawn(process.execPath, [...(isDeno ? options : []), main], { stdio: 'inherit' })
  // Ctrl-C reaches the whole group by itself; what is sent to this process alone is passed on.
  stop.signal.addEventListener('abort', () => {
    if (!process.stdin.isTTY) child.kill('SIGTERM')
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? EXIT.interrupted))
  })
}
