import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { Member } from '../../../proxy/core/route-table.ts'
import { RawClient, ask, backend, bodyOf, get, member, rawBackend, until, world } from './kit.ts'

const ONCE = get('/', 'Connection: close')

async function named(t: TestContext, name: string, over: Partial<Member> = {}): Promise<Member> {
  const { port } = await backend(t, (_request, response) => response.end(name))
  return member(port, { id: name, ...over })
}

/** Answers when it is told to, with its own name. */
async function patient(t: TestContext, name: string) {
  const waiting: ServerResponse[] = []
  const { port } = await backend(t, (_request, response) => void waiting.push(response))
  const answer = (): void => void waiting.shift()?.end(name)
  return { member: member(port, { id: name }), waiting, answer }
}

async function heardOf(t: TestContext, port: number, requests: readonly string[]) {
  const heard: string[] = []
  for (const request of requests) heard.push(bodyOf(await ask(t, port, request)))
  return heard
}

test('the member with the fewest requests under way is asked', async (t) => {
  const { port, serve, edge } = await world(t, {}, { kind: 'least-requests' })
  const busy = await patient(t, 'busy')
  serve([busy.member, await named(t, 'idle')])
  const first = new RawClient(t, port)
  first.say(ONCE)
  await until(
    () => busy.waiting.length === 1,
    () => 'the first request',
  )
  assert.deepEqual(await heardOf(t, port, [ONCE, ONCE, ONCE]), ['idle', 'idle', 'idle'])
  assert.equal(edge.inFlight().get('busy'), 1)
  busy.answer()
  assert.equal(bodyOf(await first.closed()), 'busy')
  assert.equal(edge.inFlight().get('busy'), 0)
})

test('of two choices the less busy one is asked', async (t) => {
  const { port, serve } = await world(t, {}, { kind: 'two-choices' })
  const busy = await patient(t, 'busy')
  serve([busy.member])
  new RawClient(t, port).say(ONCE)
  await until(
    () => busy.waiting.length === 1,
    () => 'the first request',
  )
  serve([busy.member, await named(t, 'idle')])
  assert.deepEqual(new Set(await heardOf(t, port, Array(10).fill(ONCE))), new Set(['idle']))
})

test('by hash a client is led to the same member, by its address or by a field', async (t) => {
  const byAddress = await world(t, {}, { kind: 'hash', on: 'address' })
  const members = await Promise.all(['a', 'b', 'c', 'd'].map((name) => named(t, name)))
  byAddress.serve(members)
  assert.equal(new Set(await heardOf(t, byAddress.port, Array(8).fill(ONCE))).size, 1)

  const byField = await world(t, {}, { kind: 'hash', on: 'x-user' })
  byField.serve(members)
  const users = Array.from({ length: 24 }, (_, i) =>
    get('/', `X-User: user ${i}`, 'Connection: close'),
  )
  const first = await heardOf(t, byField.port, users)
  assert.equal(new Set(first).size, 4, 'all have some')
  assert.deepEqual(await heardOf(t, byField.port, users), first)

  const left = members.filter(({ id }) => id !== 'b')
  byField.serve(left)
  const after = await heardOf(t, byField.port, users)
  assert.deepEqual(
    after.filter((_, i) => first[i] !== 'b'),
    first.filter((name) => name !== 'b'),
    'nobody else is led elsewhere',
  )
})

test('a member that is stopped gets no new request; what it has is answered, and its tunnels live', async (t) => {
  const { port, serve, edge } = await world(t)
  const sockets: Socket[] = []
  const { port: old } = await rawBackend(t, (socket) => {
    sockets.push(socket)
    socket.on('data', (bytes) => {
      const text = bytes.toString()
      if (text.includes('Upgrade: websocket')) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n')
        socket.write('Connection: Upgrade\r\n\r\nopen')
      } else if (text.startsWith('GET /slow')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun')
      } else {
        socket.write(`[${text}]`)
      }
    })
  })
  const before = member(old, { id: 'old' })
  serve([before])
  const tunnel = new RawClient(t, port)
  tunnel.say(
    get(
      '/ws',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
  )
  await tunnel.hears('open')
  const slow = new RawClient(t, port)
  slow.say(get('/slow', 'Connection: close'))
  await slow.hears('begun')
  serve([{ ...before, state: 'stopped' }, await named(t, 'new')])
  assert.deepEqual(await heardOf(t, port, [ONCE, ONCE, ONCE]), ['new', 'new', 'new'])
  tunnel.say('still there')
  await tunnel.hears('[still there]')
  sockets[1]?.write(' end')
  assert.match(await slow.closed(), /begun end$/)
  sockets[0]?.destroy()
  tunnel.socket.destroy()
  await until(
    () => edge.counters().tunnels === 0,
    () => 'the end of the tunnel',
  )
})
