import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { HOST, member } from '../proxy/ingress/kit.ts'
import { CA, secureWorld } from '../proxy/ingress/tls-kit.ts'
import { until } from '../support/wait.ts'

const PROGRAMS = join(import.meta.dirname, 'grpc')
const env = { ...process.env, PYTHONPATH: join(import.meta.dirname, '../../tmp/python') }
const LONGEST_MS = 120_000

test('gRPC passes: every kind of call, errors with their details, deadlines on both sides', async (t) => {
  const server = spawn('python3', [join(PROGRAMS, 'echo.py')], { env })
  t.after(() => server.kill())
  let said = ''
  let complained = ''
  server.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  server.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  await until(
    'the server says its port',
    () => server.exitCode !== null || said.includes('\n'),
    LONGEST_MS,
  )
  assert.match(said, /^\d+\n/, complained)
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-grpc-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const trusted = join(folder, 'ca.pem')
  writeFileSync(trusted, await CA)
  const { serve, securePort } = await secureWorld(t)
  serve([member(Number.parseInt(said, 10), { protocol: 'h2c' })])

  const calls = [join(PROGRAMS, 'calls.py'), `127.0.0.1:${securePort}`, HOST, trusted]
  const { stdout } = await promisify(execFile)('python3', calls, { env, timeout: LONGEST_MS })
  const found = stdout.trimEnd().split('\n')
  assert.deepEqual(
    found.map((line): unknown => JSON.parse(line)),
    [
      { case: 'unary', answer: 'hello', initial: 'one', trailing: 'two' },
      { case: 'failed', code: 'NOT_FOUND', details: 'no such thing: x', detail: '0001ff' },
      { case: 'large', same: true },
      { case: 'server stream', last: '999' },
      { case: 'client stream', answer: 'a b c' },
      { case: 'both ways', heard: ['one!', 'two!', 'three!'], rest: 0, code: 'OK' },
      { case: 'deadline', code: 'DEADLINE_EXCEEDED' },
      { case: 'unknown', code: 'UNIMPLEMENTED' },
    ],
  )
  const isTold = () => said.includes('cancelled')
  await until('the server hears that the client has given up', isTold, LONGEST_MS)
})
