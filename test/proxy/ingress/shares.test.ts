import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Clients } from '../../../proxy/ingress/clients.ts'
import { INGRESS_LIMITS } from '../../../proxy/ingress/limits.ts'
import { Senders } from '../../../proxy/ingress/senders.ts'
import {
  ask,
  backend,
  get,
  HOST,
  lines,
  member,
  rawBackend,
  RawClient,
  until,
  world,
} from './kit.ts'
import { http2Client, other, secureWorld } from './tls-kit.ts'

/** A connection from that address, as far as it is looked at. */
const from = (remoteAddress: string): Socket =>
  Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress })

test('one address has its share of the connections, and this host and trusted proxies no such bound', async () => {
  const senders = new Senders({ proxyProtocol: [], trusted: ['10.0.0.0/8'] })
  const clients = new Clients(
    { ...INGRESS_LIMITS, connections: 8, connectionsPerAddress: 2 },
    senders,
  )
  const first = from('192.0.2.1')
  assert.ok(clients.admit(first) && clients.admit(from('::ffff:192.0.2.1')))
  assert.equal(clients.admit(from('192.0.2.1')), false)
  assert.ok(clients.admit(from('192.0.2.2')))
  first.destroy()
  await once(first, 'close')
  assert.ok(clients.admit(from('192.0.2.1')))
  assert.equal(clients.admit(from('192.0.2.1')), false)
  for (const peer of ['127.0.0.1', '127.0.0.1', '10.0.0.9', '10.0.0.9', '10.0.0.9']) {
    assert.ok(clients.admit(from(peer)))
  }
  assert.equal(clients.admit(from('192.0.2.3')), false, 'all are taken')
})

test('handshakes that do not end are counted, and end', async (t) => {
  const limits = { connections: 2, handshakeMs: 300 }
  const { securePort, port, serve } = await secureWorld(t, limits)
  serve([])
  const silent = [new RawClient(t, securePort), new RawClient(t, securePort)]
  await until(
    () => silent.every(({ socket }) => !socket.connecting),
    () => 'their connections',
  )
  const third = new RawClient(t, securePort)
  await third.closed()
  assert.match(await ask(t, port, get('/')), /^HTTP\/1\.1 503/)
  for (const one of silent) await one.closed()
  assert.match(await ask(t, port, get('/', 'Connection: close')), /^HTTP\/1\.1 404/)
})

test('a tenant whose requests do not end leaves the others room', async (t) => {
  const { port } = await rawBackend(t, (socket) => socket.resume())
  const quick = await backend(t, (_request, response) => response.end('quick'))
  const { serve, port: ingress, edge } = await world(t, { requestsPerTenant: 3 })
  serve([member(port), other(member(quick.port))])
  const clients = Array.from({ length: 3 }, () => new RawClient(t, ingress))
  for (const client of clients) client.say(get('/'))
  await until(
    () => edge.counters().upstreamOpened === 3,
    () => 'three requests under way',
  )
  assert.match(await ask(t, ingress, get('/', 'Connection: close')), /^HTTP\/1\.1 503 .*busy/s)
  const shop = lines('GET / HTTP/1.1', 'Host: shop.other.cloud.local', 'Connection: close', '')
  assert.match(await ask(t, ingress, shop), /^HTTP\/1\.1 200/)
  clients[0]?.socket.resetAndDestroy()
  await until(
    () => edge.counters().aborted === 1,
    () => 'the end of one',
  )
  const last = new RawClient(t, ingress)
  last.say(get('/'))
  await until(
    () => edge.counters().upstreamOpened === 5,
    () => 'its place taken',
  )
})

/** Agrees to whatever is asked for, and says nothing more. */
const agreeing = (t: TestContext) =>
  rawBackend(t, (socket) => {
    socket.once('data', () => {
      const fields = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n'
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`)
      socket.resume().on('end', () => socket.end())
    })
  })

test('an open WebSocket counts for as long as it is open', async (t) => {
  const { port } = await agreeing(t)
  const { serve, edge, port: ingress } = await world(t, { requestsPerTenant: 1 })
  serve([member(port)])
  const handshake = get(
    '/',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  )
  const socket = new RawClient(t, ingress)
  socket.say(handshake)
  await socket.hears('101 Switching')
  assert.match(await ask(t, ingress, handshake), /^HTTP\/1\.1 503/)
  socket.socket.resetAndDestroy()
  await until(
    () => edge.counters().tunnels === 0,
    () => 'the end of the first',
  )
  const next = new RawClient(t, ingress)
  next.say(handshake)
  await next.hears('101 Switching')
})

test('what is counted is given back, however a request ends', async (t) => {
  const { port } = await backend(t, (request, response) => {
    if (request.url === '/cut') request.socket.destroy()
    else response.end('ok')
  })
  const { serve, securePort, port: clear } = await secureWorld(t, { requestsPerTenant: 1 })
  serve([member(port)])
  const session = await http2Client(t, securePort)
  for (let i = 0; i < 5; i++) {
    for (const path of ['/', '/cut']) {
      const stream = session.request({ ':authority': HOST, ':path': path })
      const status = await new Promise((resolve) => {
        stream.on('response', (headers) => resolve(headers[':status']))
      })
      assert.equal(status, path === '/' ? 200 : 502)
      stream.resume()
      await new Promise((resolve) => stream.on('close', resolve))
    }
    assert.match(await ask(t, clear, get('/', 'Connection: close')), /^HTTP\/1\.1 200/)
    const gone = connect({ host: '127.0.0.1', port: clear })
    gone.on('error', () => undefined)
    gone.end(get('/cut'))
    await new Promise((resolve) => gone.resume().on('close', resolve))
  }
})
