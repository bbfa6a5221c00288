import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { MemberCheck } from '../../../proxy/core/route-table.ts'
import { probe } from '../../../proxy/health/probe.ts'

const NEVER = new AbortController().signal

/** A server that does something with each connection, and the check that looks at it. */
async function server(
  t: TestContext,
  onConnection: (socket: Socket) => void,
): Promise<MemberCheck> {
  const open = new Set<Socket>()
  const listening = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => socket.destroy())
    onConnection(socket)
  })
  await new Promise<void>((done) => {
    listening.listen(0, '127.0.0.1', done)
  })
  t.after(() => {
    for (const socket of open) socket.destroy()
    listening.close()
  })
  const bound = listening.address()
  assert.ok(typeof bound === 'object' && bound !== null)
  return {
    kind: 'http',
    port: bound.port,
    path: '/healthz',
    intervalMs: 1000,
    timeoutMs: 2000,
    retries: 1,
    startPeriodMs: 0,
  }
}

function answering(text: string): (socket: Socket) => void {
  return (socket) => socket.once('data', () => socket.end(text))
}

const address = '127.0.0.1'

test('probe() of kind http judges by the status', async (t) => {
  const cases = { 200: true, 204: true, 302: true, 400: false, 404: false, 500: false, 101: false }
  for (const [status, ok] of Object.entries(cases)) {
    const check = await server(t, answering(`HTTP/1.1 ${status} Any\r\n\r\n`))
    const finding = await probe({ address, check }, NEVER)
    assert.deepEqual(finding, { ok, reason: `GET /healthz answered ${status}` })
  }
})

test('probe() of kind http asks one plain question and closes', async (t) => {
  let asked = ''
  const closed = Promise.withResolvers<void>()
  const check = await server(t, (socket) => {
    socket.on('close', () => closed.resolve())
    socket.on('data', (chunk) => {
      asked += chunk.toString('latin1')
      if (asked.endsWith('\r\n\r\n'))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n')
    })
  })
  assert.equal((await probe({ address, check }, NEVER)).ok, true)
  await closed.promise
  const [line, ...fields] = asked.trimEnd().split('\r\n')
  assert.equal(line, 'GET /healthz HTTP/1.1')
  assert.ok(fields.includes('Host: localhost') && fields.includes('Connection: close'))
})

test('probe() of kind http finds what is wrong', async (t) => {
  const cases = {
    'SSH-2.0-x\r\n': 'GET /healthz was not answered in HTTP/1',
    '': 'the connection was closed without an answer',
    'HTTP/1.1 200': 'the connection was closed without an answer',
  }
  for (const [text, reason] of Object.entries(cases)) {
    const check = await server(t, answering(text))
    assert.deepEqual(await probe({ address, check }, NEVER), { ok: false, reason })
  }
})

test('probe() of kind http sends no path that is another request', async (t) => {
  let connections = 0
  const check = await server(t, () => connections++)
  for (const path of ['', 'healthz', '/a b', '/a\r\nX: y', '/\u0100']) {
    const finding = await probe({ address, check: { ...check, path } }, NEVER)
    assert.deepEqual(finding, { ok: false, reason: 'the path of the check is malformed' })
  }
  assert.equal(connections, 0)
})

test('probe() of kind tcp is content with a connection', async (t) => {
  const check = await server(t, () => undefined)
  const finding = await probe({ address, check: { ...check, kind: 'tcp' } }, NEVER)
  assert.deepEqual(finding, { ok: true, reason: `port ${check.port} accepts connections` })
})

test('probe() says so when nobody listens', async () => {
  const check: MemberCheck = {
    kind: 'tcp',
    port: 1,
    path: '/',
    intervalMs: 1000,
    timeoutMs: 1000,
    retries: 1,
    startPeriodMs: 0,
  }
  const finding = await probe({ address: '127.0.0.77', check }, NEVER)
  assert.deepEqual(finding, { ok: false, reason: 'connection refused' })
})

test('probe() ends with its time or its signal', async (t) => {
  const ended = new AbortController()
  const check = await server(t, () => ended.abort())
  const silent = await server(t, () => undefined)
  const late = await probe({ address, check: { ...silent, timeoutMs: 20 } }, NEVER)
  assert.deepEqual(late, { ok: false, reason: 'no answer in 20 ms' })
  const given = { ok: false, reason: 'the check was given up' }
  assert.deepEqual(await probe({ address, check }, ended.signal), given)
  assert.deepEqual(await probe({ address, check }, ended.signal), given)
})
