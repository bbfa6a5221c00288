import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { HOST, RawClient, get, member, rawBackend, until, world } from './kit.ts'
import type { World } from './kit.ts'

test('a WebSocket talks both ways through the ingress and closes in order', async (t) => {
  const { port, edge } = await echoing(t)
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: HOST } })
  const heard: string[] = []
  client.on('message', (data: Buffer) => heard.push(data.toString()))
  await event(client, 'open')
  assert.equal(edge.counters().tunnels, 1)
  client.send('one')
  client.send('x'.repeat(300_000))
  await until(
    () => heard.length === 2,
    () => 'two messages',
  )
  assert.deepEqual(
    heard.map((message) => message.length),
    [3, 300_000],
  )
  client.close(4001, 'enough')
  await event(client, 'close')
  await until(
    () => edge.counters().tunnels === 0,
    () => 'the end of the tunnel',
  )
})

test('bytes sent ahead of the switch reach the member after it', async (t) => {
  const raw = await rawBackend(t, (socket) => {
    socket.once('data', (bytes) => {
      // The head alone: what follows is held until the switch.
      assert.ok(bytes.toString().endsWith('\r\n\r\n'))
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n')
      socket.write('Connection: Upgrade\r\n\r\nhello')
      socket.on('data', (more) => socket.write(`[${more.toString()}]`))
    })
  })
  const { port, serve } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(`${handshake()}early`)
  await client.hears('hello[early]')
})

test('a refused handshake ends the connection, and early bytes are no request', async (t) => {
  const raw = await rawBackend(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'))
  })
  const { port, serve, edge } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(handshake() + get('/smuggled'))
  assert.match(
    await client.closed(),
    /^HTTP\/1\.1 403 Forbidden\r\n(?:.+\r\n)*Connection: close\r\n/,
  )
  assert.equal(edge.counters().requests, 1)
})

test('a switch to anything but what was asked for becomes 502', async (t) => {
  const raw = await rawBackend(t, (socket) => {
    socket.on('data', () => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
      )
    })
  })
  const { port, serve } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(handshake())
  assert.match(await client.closed(), /^HTTP\/1\.1 502 /)
})

test('an upgrade to HTTP/2 is not passed on', async (t) => {
  let head = ''
  const raw = await rawBackend(t, (socket) => {
    socket.on('data', (bytes) => {
      head = bytes.toString()
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
  })
  const { port, serve } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(
    get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ'),
  )
  await client.hears('200 OK')
  assert.doesNotMatch(head, /upgrade|http2-settings|connection/i)
})

test('each half of a tunnel closes alone', async (t) => {
  const raw = await rawBackend(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n')
      socket.write('Connection: Upgrade\r\n\r\n')
      socket.on('end', () => socket.end('after your end'))
    })
  })
  const { port, serve } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(handshake())
  await client.hears('101')
  client.socket.end()
  assert.ok((await client.closed()).endsWith('after your end'))
})

test('a tunnel in which nothing moves is closed', async (t) => {
  const { port } = await echoing(t, { tunnelIdleMs: 60 })
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: HOST } })
  await event(client, 'open')
  await event(client, 'close')
  assert.equal(client.readyState, WebSocket.CLOSED)
})

function handshake(): string {
  return get(
    '/ws',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  )
}

async function echoing(t: TestContext, limits = {}): Promise<World> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => socket.send(data.toString()))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
    server.close()
  })
  const made = await world(t, limits)
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  made.serve([member(address.port)])
  return made
}

async function event(emitter: WebSocket, name: string): Promise<void> {
  await new Promise((resolve, reject) => {
    emitter.once(name, resolve)
    emitter.once('error', reject)
  })
}
