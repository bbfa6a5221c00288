import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import { endpoint } from '../../src/contract/endpoint.ts'
import { mountStream } from '../../src/http/mount.ts'
import type { App } from '../../src/http/shell.ts'
import { LogLine } from '../../src/contract/containers.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

/** The app behind a real socket: what `app.request` cannot show. */
async function listening(world: ApiWorld) {
  const server = createAdaptorServer({ fetch: world.app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // An address of a TCP socket is always of this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await once(server, 'close')
    },
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
