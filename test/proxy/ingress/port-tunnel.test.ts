import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { until } from '../../support/wait.ts'
import { table } from './kit.ts'
import { behind, tcpServer, textOf, through, tunnelWorld, udpEcho } from './tunnel-kit.ts'

const SOON = { timeout: 30_000 }
/** More than every window and buffer on the way. */
const MUCH = 16 * 1024 * 1024

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Answers the hash of all that came, once that has ended. */
function answerHash(socket: Socket): void {
  const hash = createHash('sha256')
  socket.on('data', (bytes: Buffer) => hash.update(bytes))
  socket.on('end', () => socket.end(hash.digest('hex')))
}

/** Gone, in order or not. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.on('close', () => resolve()))

const echo = (socket: Socket): void => void socket.pipe(socket)

test('a tunnel carries a connection both ways, and each half ends alone', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t)
  const port = await tcpServer(t, answerHash)
  const bytes = randomBytes(MUCH)
  const socket = await through(t, await open(ticket(port)))
  socket.end(bytes)
  assert.equal(await textOf(socket), hashOf(bytes))
})

test('a tunnel lets the server end its half first', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t)
  const heard: string[] = []
  const port = await tcpServer(t, (socket) => {
    socket.end('only this')
    socket.on('data', (bytes: Buffer) => heard.push(String(bytes)))
  })
  const socket = await through(t, await open(ticket(port)))
  assert.equal(await textOf(socket), 'only this')
  socket.end('and that')
  await until('the server has the rest', () => heard.join('') === 'and that')
})

test('50 connections at once go through one tunnel, each with its own bytes', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t)
  const port = await tcpServer(t, echo)
  const tunnel = await open(ticket(port))
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = await through(t, tunnel)
      const bytes = randomBytes(300_000)
      socket.end(bytes)
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      await once(socket, 'end')
      assert.equal(hashOf(Buffer.concat(chunks)), hashOf(bytes))
    }),
  )
})

test('a connection that nobody reads holds up no other', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t)
  const port = await tcpServer(t, echo)
  const tunnel = await open(ticket(port))
  const stuck = await through(t, tunnel)
  // It is never read, so what comes back fills every window.
  stuck.write(randomBytes(MUCH))
  await until('the way back is full', () => stuck.writableLength > 0)
  const socket = await through(t, tunnel)
  socket.end('hello')
  assert.equal(await textOf(socket), 'hello')
})

test('a tunnel resets what nothing listens for, and goes on', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const port = await tcpServer(t, echo)
  const dead = await through(t, await world.open(world.ticket(1)))
  await closed(dead)
  const socket = await through(t, await world.open(world.ticket(port)))
  socket.end('hello')
  assert.equal(await textOf(socket), 'hello')
  assert.deepEqual(world.lost, [])
})

test('a connection that is reset at one end is reset at the other', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t)
  const taken: Socket[] = []
  const port = await tcpServer(t, (socket) => taken.push(socket))
  const tunnel = await open(ticket(port))
  const first = await through(t, tunnel)
  const [, second] = [await until('it is there', () => taken[0]), await through(t, tunnel)]
  first.resetAndDestroy()
  await until('the server has lost it', () => taken[0]?.destroyed)
  taken[1]?.resetAndDestroy()
  await until('the second is there', () => taken[1]?.resetAndDestroy())
  await closed(second)
})

test('a tunnel takes so many connections, and resets further ones', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t, { portTunnelStreams: 2 })
  const port = await tcpServer(t, echo)
  const tunnel = await open(ticket(port))
  const [one, two] = [await through(t, tunnel), await through(t, tunnel)]
  const three = await through(t, tunnel)
  await closed(three)
  for (const socket of [one, two]) {
    socket.end('hello')
    assert.equal(await textOf(socket), 'hello')
  }
  const four = await through(t, tunnel)
  four.end('again')
  assert.equal(await textOf(four), 'again')
})

test('datagrams go through as they are', SOON, async (t) => {
  const { open, ticket } = await tunnelWorld(t)
  const port = await udpEcho(t)
  const tunnel = await open(ticket(port, { protocol: 'udp' }))
  const heard: Buffer[] = []
  const flow = tunnel.flow({ send: (datagram) => heard.push(datagram), close: () => undefined })
  const sent = [randomBytes(1), randomBytes(1400), Buffer.alloc(0), randomBytes(40_000)]
  for (const [index, datagram] of sent.entries()) {
    flow?.send(datagram)
    await until('it comes back', () => heard.length === index + 1)
  }
  assert.deepEqual(heard, sent)
})

test('what the table no longer has is cut, and its client is told why', SOON, async (t) => {
  const cases = [
    [[], 'its container is gone'],
    [[behind({ address: '127.0.0.9' })], 'its container is gone'],
    [[behind({ tenant: 'other' })], 'its container is gone'],
    [[behind({ state: 'stopped' })], 'its container was stopped'],
    [[behind({ state: 'suspended' })], 'its tenant is suspended'],
  ] as const
  for (const [members, reason] of cases) {
    const world = await tunnelWorld(t)
    const port = await tcpServer(t, echo)
    const socket = await through(t, await world.open(world.ticket(port)))
    socket.write('hello')
    await once(socket, 'data')
    world.serve(...members)
    await closed(socket)
    assert.deepEqual(world.lost, [reason])
    assert.deepEqual(world.edge.tunnels.list(), [])
    await assert.rejects(world.open(world.ticket(port)), { name: 'TunnelError', status: 409 })
  }
})

test('a tunnel lasts through tables that leave its container as it is', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const port = await tcpServer(t, echo)
  const socket = await through(t, await world.open(world.ticket(port)))
  world.serve(behind({ run: 2, name: 'renamed', state: 'starting' }))
  world.serve(behind())
  socket.end('hello')
  assert.equal(await textOf(socket), 'hello')
})

test('a tunnel is cut by its id, and ends with its key', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const port = await tcpServer(t, echo)
  await world.open(world.ticket(port))
  const [tunnel] = world.edge.tunnels.list()
  assert.equal(tunnel?.container, 'target')
  world.edge.tunnels.cut(tunnel?.id ?? '', 'its key was revoked')
  await until('it is lost', () => world.lost.length === 1)
  await world.open(world.ticket(port, { keyEndsAt: Date.now() + 50 }))
  await until('it is lost', () => world.lost.length === 2)
  assert.deepEqual(world.lost, ['its key was revoked', 'its key has expired'])
  assert.deepEqual(
    world.news.map(({ type }) => type),
    ['tunnel-opened', 'tunnel-closed', 'tunnel-opened', 'tunnel-closed'],
  )
})

test('a ticket that is forged, changed, late, used or none opens nothing', SOON, async (t) => {
  const world = await tunnelWorld(t)
  const port = await tcpServer(t, echo)
  const good = world.ticket(port)
  const [head, body = '', signature] = good.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const moved = Buffer.from(JSON.stringify({ ...claims, port: 22 })).toString('base64url')
  const bad: readonly (readonly [string, RegExp])[] = [
    [world.ticket(port, {}, true), /not signed/],
    [[head, moved, signature].join('.'), /not signed/],
    [world.ticket(port, { expiresAt: Date.now() - 1 }), /expired/],
    [world.ticket(0), /it is none/],
    [world.ticket(70_000), /it is none/],
    ['', /it is none/],
    ['cltunnel1.e30.x', /it is none/],
  ]
  for (const [text, why] of bad) {
    await assert.rejects(world.open(text), { name: 'TunnelError', status: 401, message: why })
  }
  await world.open(good)
  await assert.rejects(world.open(good), { status: 401, message: /used already/ })
  assert.equal(world.edge.tunnels.list().length, 1)
})

test('an ingress without a public key takes no ticket at all', SOON, async (t) => {
  const world = await tunnelWorld(t)
  world.edge.update({ table: table([behind()], 99) })
  await assert.rejects(world.open(world.ticket(1)), { status: 503 })
})

test('a tenant has so many tunnels, and another tenant as many', SOON, async (t) => {
  const world = await tunnelWorld(t, { portTunnelsPerTenant: 2, portTunnels: 3 })
  world.serve(behind(), behind({ id: 'other', tenant: 'other' }))
  const other = { container: 'other', tenant: 'other' }
  const first = await world.open(world.ticket(1))
  await world.open(world.ticket(1))
  const refused = world.ticket(1)
  await assert.rejects(world.open(refused), { status: 503, message: /tenant has too many/ })
  await world.open(world.ticket(1, other))
  await assert.rejects(world.open(world.ticket(1, other)), {
    status: 503,
    message: /ingress has too many/,
  })
  first.close()
  await until('its place is free', () => world.edge.tunnels.list().length === 2)
  // The same ticket: it opened nothing.
  await world.open(refused)
})
