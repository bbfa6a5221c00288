import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const LOCK = JSON.stringify({ packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } })

/** Stands for npm: says that it ran, and leaves what a real one leaves. */
const NPM = `
const { appendFileSync, mkdirSync, symlinkSync, writeFileSync } = require('node:fs')
appendFileSync('npm-runs', process.argv.slice(2).join(' ') + '\\n')
const bin = 'node_modules/node-linux-' + process.arch + '/bin'
mkdirSync(bin, { recursive: true })
symlinkSync(process.execPath, bin + '/node')
`

const MAIN = `
if (process.argv[2] === 'wait') {
  process.on('SIGTERM', () => { console.log('ending'); process.exit(7) })
  setInterval(() => {}, 1000)
} else if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL')
console.log('main ' + process.argv.slice(2).join(' '))
if (process.argv[2] === 'fail') process.exitCode = 42
`

interface Clone {
  readonly path: string
  readonly run: (
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ) => Promise<{ status: unknown; text: string }>
}

/** A clone of nothing but the bootstrap, with a main program and an npm of this test. */
function clone(t: TestContext): Clone {
  const path = mkdtempSync(join(tmpdir(), 'cloudlet-clone-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  cpSync(join(ROOT, 'scripts'), join(path, 'scripts'), { recursive: true })
  cpSync(join(ROOT, 'bin'), join(path, 'bin'), { recursive: true })
  mkdirSync(join(path, 'src/cli'), { recursive: true })
  writeFileSync(join(path, 'package.json'), '{"type":"module"}')
  writeFileSync(join(path, 'package-lock.json'), LOCK)
  writeFileSync(join(path, 'npm.cjs'), NPM)
  writeFileSync(join(path, 'src/main.ts'), MAIN)
  writeFileSync(join(path, 'src/cli/main.ts'), MAIN)
  return {
    path,
    async run(args, env = {}) {
      const child = bootstrap(path, { args, env })
      let text = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      }
      const [status] = await once(child, 'close')
      return { status, text }
    },
  }
}

function bootstrap(
  path: string,
  { args, env = {} }: { args: readonly string[]; env?: NodeJS.ProcessEnv },
) {
  return spawn(process.execPath, [join(path, 'scripts/bootstrap.js'), ...args], {
    env: { ...process.env, npm_execpath: join(path, 'npm.cjs'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function npmRuns(path: string): readonly string[] {
  return readFileSync(join(path, 'npm-runs'), 'utf8').trim().split('\n')
}

test('the bootstrap installs packages once, and again after the lock file has changed', async (t) => {
  const { path, run } = clone(t)
  const first = await run(['start', 'a', '--b'])
  assert.deepEqual([first.status, first.text.split('\n').at(-2)], [0, 'main a --b'])
  await run(['start'])
  assert.deepEqual(npmRuns(path), ['install --no-save --ignore-scripts --no-audit --no-fund'])
  rmSync(join(path, 'node_modules/node-linux-' + process.arch), { recursive: true })
  writeFileSync(join(path, 'package-lock.json'), `${LOCK}\n`)
  await run(['start'])
  assert.equal(npmRuns(path).length, 2)
})

test('two bootstraps at once in one clone install packages once', async (t) => {
  const { path, run } = clone(t)
  const both = await Promise.all([run(['start']), run(['start'])])
  assert.deepEqual(
    both.map(({ status }) => status),
    [0, 0],
  )
  assert.equal(npmRuns(path).length, 1)
})

test('the bootstrap passes the exit status on, and a signal as a shell does', async (t) => {
  const { run } = clone(t)
  assert.equal((await run(['start', 'fail'])).status, 42)
  assert.equal((await run(['start', 'die'])).status, 128 + 9)
})

test('the bootstrap forwards a signal and waits for the program to end', async (t) => {
  const { path, run } = clone(t)
  await run(['start'])
  const child = bootstrap(path, { args: ['start', 'wait'] })
  let text = ''
  const started = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes('main wait')) resolve()
    })
  })
  await started
  child.kill('SIGTERM')
  const [status] = await once(child, 'close')
  assert.equal(status, 7)
  assert.match(text, /ending/)
})

test('the bootstrap only names what is missing when it may only check', async (t) => {
  const { run } = clone(t)
  const { status, text } = await run(['start'], { CLOUDLET_BOOTSTRAP: 'check' })
  assert.equal(status, 1)
  assert.match(
    text,
    /packages are missing or older than package-lock.json\n {2}npm install --no-save --ignore-scripts\n$/,
  )
})

test('the bootstrap names its modes when it is given another', async (t) => {
  const { status, text } = await clone(t).run(['fly'])
  assert.equal(status, 1)
  assert.match(text, /^cloudlet: There is no mode "fly"; there are engine, start, /)
})

test('a second start takes at most five times a bare start of the program', async (t) => {
  const { path, run } = clone(t)
  await run(['start'])
  const bare = [join(path, 'src/main.ts')]
  const times = { bare: Infinity, bootstrap: Infinity }
  // Side by side, and the best of each: so a busy machine slows both. Bare is about 0.07 s.
  for (let i = 0; i < 5; i += 1) {
    let start = performance.now()
    await once(spawn(process.execPath, bare, { stdio: 'ignore' }), 'close')
    times.bare = Math.min(times.bare, performance.now() - start)
    start = performance.now()
    await run(['start'])
    times.bootstrap = Math.min(times.bootstrap, performance.now() - start)
  }
  assert.ok(times.bootstrap < 5 * times.bare, JSON.stringify(times))
})

test('the command’s launcher works through a link, and passes status and signals on', async (t) => {
  const { path, run } = clone(t)
  await run(['start'])
  const link = join(path, 'elsewhere')
  symlinkSync(join(path, 'bin/cloudlet'), link)
  const launch = (...args: string[]) =>
    spawn(process.execPath, [link, ...args], { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })

  assert.deepEqual(await once(launch('fail'), 'close'), [42, null])
  const waiting = launch('wait')
  await once(waiting.stdout, 'data')
  waiting.kill('SIGTERM')
  assert.deepEqual(await once(waiting, 'close'), [7, null])
})
