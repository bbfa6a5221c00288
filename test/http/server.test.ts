import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { z } from 'zod'
import { endpoint } from '../../src/contract/endpoint.ts'
import { mount, mountStream } from '../../src/http/mount.ts'
import type { App } from '../../src/http/shell.ts'
import { httpServer } from '../../src/http/server.ts'
import { LogLine } from '../../src/contract/containers.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

/** The app behind a real socket: what `app.request` cannot show. */
async function listening(world: Pick<ApiWorld, 'app'>) {
  const server = httpServer({ fetch: world.app.fetch, isKnownOrigin: () => false, headMs: 2000 })
  await server.listen({ host: '127.0.0.1', port: 0 })
  // An address of a TCP socket is always of this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

test('the audit log has the address that a request came from, and believes no header about it', async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const headers = {
    authorization: `Bearer ${world.admin.apiKey}`,
    'content-type': 'application/json',
    'x-forwarded-for': '203.0.113.9',
  }
  const body = JSON.stringify({ slug: 'aa' })
  const answer = await fetch(`${server.url}/v1/tenants`, { method: 'POST', headers, body })
  assert.equal(answer.status, 201)
  await answer.body?.cancel()
  const { items } = await world.audit.list({ limit: 1 })
  assert.equal(items[0]?.sourceAddress, '127.0.0.1')
  assert.equal(items[0]?.action, 'tenants.create')
})

test('a body that grows beyond 1 MiB in chunks is 413, and the server goes on', async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(
    `POST /v1/tenants HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${world.admin.apiKey}\r\n` +
      'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  )
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
  for (let sent = 0; sent < 20; sent++) socket.write(chunk)
  const [first] = await once(socket, 'data')
  assert.match(String(first), /^HTTP\/1\.1 413 /)
  socket.destroy()
  const answer = await fetch(`${server.url}/v1/openapi.json`)
  assert.equal(answer.status, 200)
  await answer.body?.cancel()
})

const lines = endpoint({
  id: 'lines.read',
  method: 'get',
  path: '/v1/lines',
  summary: 'Read lines',
  permission: 'public',
  kind: 'stream',
  status: 200,
  response: LogLine,
  failures: [],
})

test('a client that hangs up ends the source of its stream', async () => {
  const gone = Promise.withResolvers<boolean>()
  const route = (app: App) =>
    mountStream(app, lines, {
      text: ({ line }) => line,
      async *serve(_input, { signal }) {
        yield { time: null, stream: 'stdout' as const, line: 'first' }
        if (!signal.aborted) await once(signal, 'abort')
        gone.resolve(signal.aborted)
      },
    })
  await using world = await apiWorld([route])
  await using server = await listening(world)
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /v1/lines HTTP/1.1\r\nHost: localhost\r\n\r\n')
  for await (const data of socket) {
    if (String(data).includes('first')) break
  }
  socket.destroy()
  assert.equal(await gone.promise, true)
})

/** All that comes on a new connection, to its end, when this is sent. */
async function answered(port: number, send: (socket: Socket) => unknown): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const sending = send(socket)
  let text = ''
  for await (const data of socket) text += String(data)
  await sending
  return text
}

test('who sends a head a byte a second is cut off with 408', { timeout: 60_000 }, async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const begun = performance.now()
  const head = 'GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
  const text = await answered(server.port, (socket) => {
    socket.write(head)
    const drip = setInterval(() => socket.write('a'), 1000)
    socket.once('close', () => clearInterval(drip))
  })
  assert.match(text, /^HTTP\/1\.1 408 /)
  assert.ok(performance.now() - begun < 30_000)
})

test(
  'who sends a body a byte a second is cut off with 408 and a problem',
  { timeout: 60_000 },
  async () => {
    await using world = await apiWorld([], { bodyMs: 2000 })
    await using server = await listening(world)
    const head =
      `POST /v1/tenants HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${world.admin.apiKey}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n'
    const text = await answered(server.port, (socket) => {
      socket.write(head)
      const drip = setInterval(() => socket.write(' '), 1000)
      socket.once('close', () => clearInterval(drip))
    })
    assert.match(text, /^HTTP\/1\.1 408 /)
    assert.match(text, /request-too-slow/)
    assert.match(text, /^connection: close/im)
  },
)

test('a head that is too large, and a header that must be there once but is there twice, are refused', async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const large = await answered(server.port, (socket) =>
    socket.write(`GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
  )
  assert.match(large, /^HTTP\/1\.1 431 /)
  const bearer = `Authorization: Bearer ${world.admin.apiKey}\r\n`
  const twice = await answered(server.port, (socket) =>
    socket.write(
      `GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${bearer}${bearer}\r\n`,
    ),
  )
  assert.match(twice, /^HTTP\/1\.1 422 /)
  assert.match(twice, /header#\/authorization/)
})

test('a method that no request can be made of is refused', async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const text = await answered(server.port, (socket) =>
    socket.write('TRACE /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  )
  assert.match(text, /^HTTP\/1\.1 405 /)
  assert.match(text, /^allow: GET, HEAD, OPTIONS/im)
})

test('of the connections of one address only so many are open at once', async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const sockets: Socket[] = []
  try {
    for (let at = 0; at < 2049; at++) {
      const socket = connect(server.port, '127.0.0.1')
      sockets.push(socket.on('error', () => undefined))
      await once(socket, 'connect')
    }
    const last = sockets.at(-1)
    if (last?.destroyed === false) await once(last.resume(), 'close')
    assert.equal(sockets[0]?.destroyed, false)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

const patient = endpoint({
  id: 'lines.wait',
  method: 'get',
  path: '/v1/wait',
  summary: 'Wait',
  permission: 'public',
  kind: 'answer',
  status: 200,
  response: z.object({ stopped: z.boolean() }),
  failures: [],
})

test('a server that stops lets a request come to its end, which learns that it should', async () => {
  const begun = Promise.withResolvers<undefined>()
  const route = (app: App) =>
    mount(app, patient, async (_input, { signal }) => {
      begun.resolve(undefined)
      if (!signal.aborted) await once(signal, 'abort')
      return { stopped: true }
    })
  await using world = await apiWorld([route])
  await using server = await listening(world)
  const answer = fetch(`${server.url}/v1/wait`)
  await begun.promise
  world.stopping.abort()
  const closed = server.close()
  const { status, headers } = await answer
  assert.equal(status, 200)
  assert.equal(headers.get('connection'), 'close')
  await (await answer).body?.cancel()
  await closed
  await assert.rejects(fetch(`${server.url}/v1/health`))
})

test('an answer that does not come in time is 504, and the work is told', async () => {
  const told = Promise.withResolvers<unknown>()
  const route = (app: App) =>
    mount(app, patient, (_input, { signal }) => {
      signal.addEventListener('abort', () => told.resolve(signal.reason))
      return new Promise<never>(() => undefined)
    })
  await using world = await apiWorld([route], { deadlineMs: 20 })
  const answer = await world.call('GET /v1/wait')
  assert.equal(answer.status, 504)
  assert.match(await answer.text(), /timed-out/)
  assert.match(String(await told.promise), /Cannot answer within/)
})
