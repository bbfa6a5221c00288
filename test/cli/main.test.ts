import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { desk, type Desk } from './command-line.ts'
import { container, pending } from './samples.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const RUNTIME =
  'Deno' in globalThis ? ['run', '-A', '--no-check', '--node-modules-dir=manual', MAIN] : [MAIN]

/** The program itself, in a process of its own, with the runtime that runs this test. */
function started(user: Desk, line: string) {
  const env = {
    PATH: process.env['PATH'],
    HOME: user.home,
    XDG_CACHE_HOME: user.home,
    CLOUDLET_ENDPOINT: user.platform.endpoint,
    CLOUDLET_API_KEY: 'an-api-key',
    CLOUDLET_TENANT: 'demo',
  }
  const child = spawn(process.execPath, [...RUNTIME, ...line.split(' ')], { env })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text))
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, ...texts }))
  return { child, ended }
}

test('the program answers, and ends with the code of its command', async () => {
  await using user = await desk()
  const { code, stdout, stderr } = await started(user, 'ps').ended
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^NAME .*\nhello /)
  assert.equal((await started(user, 'nothing').ended).code, 2)
})

test('a secret is read from stdin when that is no terminal', async () => {
  await using user = await desk()
  const { child, ended } = started(user, 'registry login host:5000 -u ann')
  child.stdin.end('the password\n')
  assert.equal((await ended).code, 0)
  assert.equal(user.platform.asked[0]?.body['password'], 'the password')
})

test('SIGINT while waiting ends the program with 130 and names the operation', async () => {
  const waits = Promise.withResolvers<void>()
  await using user = await desk({
    'containers.create': () => ({ value: { resource: container, operation: pending } }),
    'operations.get': () => {
      waits.resolve()
      return new Promise(() => {})
    },
  })
  const { child, ended } = started(user, 'run cloudlet/demo')
  await Promise.race([waits.promise, ended])
  // Not child.kill(): after it Deno reports the signal, whatever code the process has ended with.
  assert.ok(child.pid !== undefined)
  process.kill(child.pid, 'SIGINT')
  const { code, stderr } = await ended
  assert.equal(code, 130)
  assert.match(stderr, /operation o0000000000000aa goes on/)
})

test('a reader that stops early, as head does, ends the program quietly', async () => {
  const lines = Array.from({ length: 20_000 }, (_one, index) => ({
    time: null,
    stream: 'stdout',
    line: `line ${index} ${'x'.repeat(200)}`,
  }))
  await using user = await desk({ 'containers.logs': () => ({ lines }) })
  const { child, ended } = started(user, 'logs hello')
  child.stdout.once('data', () => child.stdout.destroy())
  const { code, stderr } = await ended
  assert.deepEqual([code, stderr], [0, ''])
})
