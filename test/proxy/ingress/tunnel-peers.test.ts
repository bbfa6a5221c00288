import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { plainFrame } from '../../../proxy/core/tunnel-frames.ts'
import { frameHead, mask, OPCODE } from '../../../proxy/core/websocket-frames.ts'
import { until } from '../../support/wait.ts'
import { tcpServer, textOf, through, TUNNEL_HOST, tunnelWorld } from './tunnel-kit.ts'

/** Clients that are none of ours: whatever they send, the ingress serves the others. */

const SOON = { timeout: 30_000 }
type World = Awaited<ReturnType<typeof tunnelWorld>>

/** A client that has opened a tunnel by hand. */
async function byHand(t: TestContext, world: World, toPort: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: world.port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  const heard = once(socket)
  socket.write(handshake(world.ticket(toPort)))
  assert.match(await heard, /^HTTP\/1\.1 101 /)
  return socket
}

const once = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('data', (bytes: Buffer) => resolve(String(bytes))))

const handshake = (ticket: string, over = ''): string =>
  [
    'GET / HTTP/1.1',
    `Host: ${TUNNEL_HOST}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Authorization: Bearer ${ticket}`,
    over,
  ]
    .filter((line) => line !== '')
    .join('\r\n')
    .concat('\r\n\r\n')

/** As a client sends it. */
function message(content: Buffer): Buffer {
  const key = randomBytes(4)
  const masked = Buffer.from(content)
  mask(masked, key, 0)
  return Buffer.concat([frameHead(OPCODE.binary, content.length, key), masked])
}

async function works(t: TestContext, world: World, port: number): Promise<void> {
  const socket = await through(t, await world.open(world.ticket(port)))
  socket.end('hello')
  assert.equal(await textOf(socket), 'hello')
}

const left = ({ edge }: World): number => edge.tunnels.list().length

test('a client that speaks no protocol is cut, whatever it says', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const port = await tcpServer(t, (one) => one.pipe(one))
  const nonsense: readonly Buffer[] = [
    randomBytes(2000),
    message(randomBytes(2000)),
    message(Buffer.concat([plainFrame('open', 1), plainFrame('open', 1)])),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  ]
  for (const bytes of nonsense) {
    const socket = await byHand(t, world, port)
    socket.write(bytes)
    await until('it is cut', () => left(world) === 0)
    await until('its connection ends', () => socket.destroyed || socket.readableEnded)
  }
  await works(t, world, port)
})

test('a client that asks and never reads is cut before it fills the memory', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const port = await tcpServer(t, (one) => one.pipe(one))
  const socket = await byHand(t, world, port)
  socket.pause()
  const pings = message(Buffer.concat(Array.from({ length: 1000 }, () => plainFrame('ping', 0))))
  const write = (): void => {
    while (socket.writable && socket.write(pings)) continue
  }
  socket.on('drain', write)
  write()
  await until('it is cut', () => left(world) === 0, 25_000)
  socket.destroy()
  await works(t, world, port)
})

test('a client of which nothing is heard is cut', SOON, async (t) => {
  const world = await tunnelWorld(t, { portTunnelSilenceMs: 100 })
  const port = await tcpServer(t, (one) => one.pipe(one))
  await byHand(t, world, port)
  await until('it is cut', () => left(world) === 0)
})

test('a client that is told the end and does not go is cut off', SOON, async (t) => {
  const world = await tunnelWorld(t, { lingerMs: 100 })
  const socket = await byHand(t, world, 1)
  socket.on('end', () => undefined)
  world.edge.tunnels.cut(world.edge.tunnels.list()[0]?.id ?? '', 'enough')
  await until('nobody is left', () => world.edge.counters().open === 0)
})

test('what is no handshake of a WebSocket is refused, and says what to use', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const wrong: readonly string[] = [
    handshake('x').replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 8'),
    handshake('x').replace('AAAAAAAAAAAAAAAAAAAAAA==', 'short'),
    handshake('x', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='),
    handshake('x').replace('Upgrade: websocket\r\n', ''),
  ]
  for (const text of wrong) {
    const socket = connect({ host: '127.0.0.1', port: world.port })
    t.after(() => socket.destroy())
    const heard = once(socket)
    socket.write(text)
    const answer = await heard
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /cloudlet port-forward/)
  }
})

test('two tickets in one request are none', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const socket = connect({ host: '127.0.0.1', port: world.port })
  t.after(() => socket.destroy())
  const heard = once(socket)
  socket.write(handshake(world.ticket(1), `Authorization: Bearer ${world.ticket(1)}`))
  assert.match(await heard, /^HTTP\/1\.1 401 [^]*WWW-Authenticate: Bearer/)
})
