import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { PLATFORM } from '../../src/core/actor.ts'
import { isWebSocket, sameOrigin, webSockets } from '../../src/http/websocket.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'
import { until } from '../support/world.ts'

const Event = z.looseObject({ seq: z.int(), action: z.string() })

test('events come as server-sent events with their seq as id, and go on after the last that was seen', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  await world.tenants.update('aa', {}, PLATFORM)
  const headers = { accept: 'text/event-stream' }
  const answer = await world.call('GET /v1/tenants/aa/events?since=0', { token, headers })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
  const reader = answer.body?.getReader()
  const next = async () => new TextDecoder().decode((await reader?.read())?.value)
  assert.match(await next(), /^id: 1\ndata: \{"seq":1,.*"action":"tenant.created".*\}\n\n$/)
  assert.match(await next(), /^id: 2\ndata: \{"seq":2,/)
  const third = next()
  await world.tenants.update('aa', {}, PLATFORM)
  assert.match(await third, /^id: 3\n/)
  await reader?.cancel()

  const again = { ...headers, 'last-event-id': '2' }
  const resumed = await world.call('GET /v1/tenants/aa/events?since=0', { token, headers: again })
  const first = await resumed.body?.getReader().read()
  assert.match(new TextDecoder().decode(first?.value), /^id: 3\n/)
})

test('a revoked key’s events end, and nobody listens any more', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('aa')
  const headers = { accept: 'text/event-stream' }
  const answer = await world.call('GET /v1/tenants/aa/events', { token: key.apiKey, headers })
  const text = answer.text()
  assert.equal(world.events.readers(), 1)
  await world.keys.revoke({ tenant: 'aa', actor: PLATFORM, caller: { permissions: [] } }, key.id)
  assert.match(await text, /event: error\ndata: .*invalid-token/)
  await until('it is forgotten', () => world.events.readers() === 0)
})

test('a reader that does not keep up is disconnected with an event that says so', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const headers = { accept: 'text/event-stream' }
  const answer = await world.call('GET /v1/tenants/aa/events', { token, headers })
  await flood(world)
  const text = await answer.text()
  assert.match(text, /event: error\ndata: \{"type":"\/problems\/reader-too-slow".*\n\n$/)
})

async function flood({ store, events }: ApiWorld): Promise<void> {
  const tenant = await store.read.tenants.bySlug('aa')
  await store.write(async (q) => {
    for (let i = 0; i < 1100; i++) {
      await events.record(q, {
        tenantId: tenant?.id ?? null,
        action: 'test.flood',
        level: 'info',
        target: { kind: 'test', id: 'x', name: 'x' },
        message: 'x'.repeat(900),
      })
    }
  })
}

/** The API behind a real socket, with what an upgrade needs. */
async function listening(world: ApiWorld) {
  const listener = getRequestListener(world.app.fetch)
  const server = createServer(
    { shouldUpgradeCallback: isWebSocket },
    (request, response) => void listener(request, response),
  )
  server.on('upgrade', webSockets({ fetch: world.app.fetch, isKnownOrigin: sameOrigin }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // An address of a TCP socket is always of this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const address = (port: number, path: string): string => `ws://127.0.0.1:${port}${path}`

test('events come over a WebSocket, whose token travels as a sub-protocol', async () => {
  await using world = await apiWorld()
  const { apiKey } = await world.tenant('aa')
  await using server = await listening(world)
  const client = new WebSocket(address(server.port, '/v1/tenants/aa/events?since=0'), [
    'cloudlet',
    `bearer.${apiKey}`,
  ])
  const [first] = await once(client, 'message')
  assert.equal(client.protocol, 'cloudlet')
  assert.equal(Event.parse(JSON.parse(String(first))).action, 'tenant.created')
  const second = once(client, 'message')
  await world.tenants.update('aa', {}, PLATFORM)
  assert.equal(Event.parse(JSON.parse(String((await second)[0]))).action, 'tenant.changed')
  const over = once(client, 'close')
  client.close()
  await over
  await until('it is forgotten', () => world.events.readers() === 0)
})

/** The status that a handshake is answered with. */
async function refusal(port: number, headers: Record<string, string>, protocols: string[]) {
  const path = address(port, '/v1/tenants/aa/events')
  const client = new WebSocket(path, protocols, { headers })
  client.on('error', () => undefined)
  const { promise, resolve } = Promise.withResolvers<number>()
  client.on('unexpected-response', (_request, response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
  client.on('open', () => resolve(101))
  const status = await promise
  client.terminate()
  return status
}

test('a page of another origin cannot open a WebSocket, not even with a token', async () => {
  await using world = await apiWorld()
  const { apiKey } = await world.tenant('aa')
  const { apiKey: foreign } = await world.tenant('bb')
  await using server = await listening(world)
  const own = ['cloudlet', `bearer.${apiKey}`]
  const here = `http://127.0.0.1:${server.port}`
  const refused = (headers: Record<string, string>, protocols = own) =>
    refusal(server.port, headers, protocols)
  assert.equal(await refused({ origin: 'https://evil.example' }), 403)
  assert.equal(await refused({ origin: `http://aa.localhost:${server.port}` }), 403)
  assert.equal(await refused({ origin: 'null' }), 403)
  assert.equal(await refused({ origin: here }), 101)
  assert.equal(await refused({}), 101)
  assert.equal(await refused({}, ['cloudlet']), 401)
  assert.equal(await refused({ cookie: `token=${apiKey}` }, ['cloudlet']), 401)
  assert.equal(await refused({ authorization: `Bearer ${apiKey}` }, ['cloudlet']), 101)
  assert.equal(await refused({}, ['cloudlet', `bearer.${foreign}`]), 404)
  assert.equal(await refused({ host: 'evil.example' }), 421)
  await until('none is left', () => world.events.readers() === 0)
})

test('a WebSocket is closed with a code for its reason: key revoked, reader too slow, server stopping', async () => {
  const ends = {
    4001: async (world: ApiWorld, id: string) => {
      const caller = { permissions: [] }
      await world.keys.revoke({ tenant: 'aa', actor: PLATFORM, caller }, id)
    },
    4008: flood,
    1012: async (world: ApiWorld) => world.stopping.abort(new Error('stopping')),
  }
  for (const [code, end] of Object.entries(ends)) {
    await using world = await apiWorld()
    const key = await world.tenant('aa')
    await using server = await listening(world)
    const client = new WebSocket(address(server.port, '/v1/tenants/aa/events'), [
      'cloudlet',
      `bearer.${key.apiKey}`,
    ])
    await once(client, 'open')
    // One that does not read: what is sent to it stays where it is.
    if (code === '4008') client.pause()
    await until('it listens', () => world.events.readers() === 1)
    const closed = once(client, 'close')
    await end(world, key.id)
    if (code === '4008') client.resume()
    const [seen] = await closed
    assert.equal(String(seen), code)
  }
})

test('a request to upgrade to something else is answered as if it had not asked', async () => {
  await using world = await apiWorld()
  await using server = await listening(world)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    'GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
  )
  const [first] = await once(socket, 'data')
  assert.match(String(first), /^HTTP\/1\.1 200 /)
  socket.destroy()
})
