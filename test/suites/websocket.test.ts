import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import { member, world } from '../proxy/ingress/kit.ts'

const PYTHON_TOOLS = join(import.meta.dirname, '../../tmp/python')
const LONGEST_MS = 120_000
/** Without those on speed and on every parameter of compression, which try the backend and not the way. */
const LEFT_OUT = ['9.*', '12.*', '13.*'].flatMap((cases) => ['-x', cases])
const CASES = 247

const Reports = z.record(
  z.string(),
  z.record(z.string(), z.looseObject({ behavior: z.string(), behaviorClose: z.string() })),
)
const GOOD = new Set(['OK', 'NON-STRICT', 'INFORMATIONAL'])

test('all 247 WebSocket cases of kosoku pass through the ingress', async (t) => {
  const echo = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: true,
    maxPayload: 64 * 1024 * 1024,
  })
  t.after(() => echo.close())
  await once(echo, 'listening')
  echo.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('error', () => undefined)
  })
  const { port } = z.object({ port: z.number() }).parse(echo.address())
  const { edge, port: ingressPort, tableOf } = await world(t)
  edge.update({ table: tableOf([member(port)], { '127.0.0.1': 'hello.demo' }) })

  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-kosoku-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const args = ['-m', 'fuzzingclient', ...LEFT_OUT, '-o', folder, `127.0.0.1:${ingressPort}`]
  const env = { ...process.env, PYTHONPATH: PYTHON_TOOLS }
  await promisify(execFile)(join(PYTHON_TOOLS, 'bin/kosoku'), args, { env, timeout: LONGEST_MS })
  const reports = Reports.parse(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')))
  const cases = Object.values(reports).flatMap((each) => Object.entries(each))
  assert.equal(cases.length, CASES)
  const failed = cases.filter(
    ([, { behavior, behaviorClose }]) => !GOOD.has(behavior) || !GOOD.has(behaviorClose),
  )
  assert.deepEqual(failed, [])
})
