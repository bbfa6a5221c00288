import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { decodeMessage } from '../../../proxy/core/dns-message.ts'
import { answerer } from '../../../proxy/dns/answerer.ts'
import { askUdp, question } from './client.ts'
import { HOST_SOURCE, member, table, until, world } from './world.ts'

const members = [member({ tenant: 'demo', name: 'hello', address: '127.0.0.2' })]
const names = ['hello.demo.internal', 'x.demo.internal', '2.0.0.127.in-addr.arpa', 'example.com']
const seeds = [1, 6, 12, 28, 255].flatMap((type) =>
  names.flatMap((name) => [true, false].map((edns) => question({ name, type, edns }))),
)

/** Numbers that look random and are the same each time (Park and Miller). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}

/** A good packet with a few of its bytes changed, added or missing; or noise. */
function damaged(next: (below: number) => number): Buffer {
  if (next(10) === 0) return Buffer.from(Array.from({ length: next(80) }, () => next(256)))
  const packet = Buffer.from(seeds[next(seeds.length)] ?? Buffer.alloc(0))
  for (let changes = 1 + next(4); changes > 0; changes--) packet[next(packet.length)] = next(256)
  if (next(4) === 0) return packet.subarray(0, next(packet.length))
  return next(8) === 0 ? Buffer.concat([packet, packet]) : packet
}

test('100,000 damaged packets get a sound answer, a forwarding or silence', () => {
  const forwarded: Buffer[] = []
  const { update, answer, counts } = answerer({
    outside: { known: () => null, ask: ({ packet }) => void forwarded.push(packet) },
    onHost: () => new Set(),
    seed: 1,
  })
  update(table(members), [])
  const next = numbers(20260101)
  let answers = 0
  for (let i = 0; i < 100_000; i++) {
    const packet = damaged(next)
    answer(packet, { address: '127.0.0.2', isStream: false }, (reply) => {
      if (reply === null) return
      answers++
      const message = decodeMessage(reply)
      assert.ok(message !== null, packet.toString('hex'))
      assert.equal(message.flags & 0x8000, 0x8000)
      assert.equal(message.id, packet.readUInt16BE(0))
      assert.ok(reply.length <= 1232)
    })
  }
  const { queries, dropped } = counts()
  assert.equal(queries, 100_000)
  assert.equal(answers + dropped + forwarded.length, queries)
  assert.ok(answers > 10_000 && dropped > 1000 && forwarded.length > 1000)
})

test('a responder still answers after a storm of damaged packets on its socket', async (t) => {
  const { dns, at } = await world(t, { table: table(members), resolvers: [] })
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const next = numbers(7)
  for (let sent = 50; sent <= 3000; sent += 50) {
    for (let i = 0; i < 50; i++) socket.send(damaged(next), at.port, at.host)
    // In bursts that the kernel has room for, so that each packet is seen.
    await until(() => dns.counters().queries === sent)
  }
  const { answers } = await askUdp(at, { name: 'hello.demo.internal', type: 1 }, HOST_SOURCE)
  assert.deepEqual(answers, ['hello.demo.internal 1 127.0.0.2'])
  assert.equal(dns.counters().queries, 3001)
})
