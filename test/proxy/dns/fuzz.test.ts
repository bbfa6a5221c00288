import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { DnsFrames, framed } from '../../../proxy/core/dns-frames.ts'
import { decodeMessage, isAnswerTo } from '../../../proxy/core/dns-message.ts'
import { relayed } from '../../../proxy/core/dns-relay.ts'
import { nameKey } from '../../../proxy/core/dns-name.ts'
import { answerer } from '../../../proxy/dns/answerer.ts'
import { heapWatch, isLong, quick } from '../../support/fuzz.ts'
import { askUdp } from './client.ts'
import { damaged, damagedAnswer, numbers } from './mutations.ts'
import { HOST_SOURCE, member, table, until, world } from './world.ts'

const PACKETS = isLong ? 10_000_000 : 100_000
const members = [member({ tenant: 'demo', name: 'hello', address: '127.0.0.2' })]

/** Something that answers, without sockets, and what it would have passed on. */
function house() {
  const forwarded = { count: 0 }
  const { update, answer, counts } = answerer({
    outside: { known: () => null, ask: () => void forwarded.count++ },
    onHost: () => ({ addresses: new Set(), networks: [] }),
    ingress: '::',
    seed: 1,
  })
  update(table(members), [])
  return { answer, counts, forwarded }
}

test(`${PACKETS} damaged packets get a sound answer, a forwarding or silence, each within a millisecond`, () => {
  const { answer, counts, forwarded } = house()
  const next = numbers(20260101)
  const heap = heapWatch(PACKETS)
  let answers = 0
  let asked = 0
  for (let i = 0; i < PACKETS; i++) {
    const packet = damaged(next)
    const isStream = i % 7 === 0
    let reply: Buffer | null = null
    const work = (): void => {
      asked++
      answer(packet, { address: '127.0.0.2', back: null, isStream }, (bytes) => {
        reply = messageIn(bytes)
        if (bytes !== null) answers++
      })
    }
    quick(work, packet)
    if (reply !== null) judge(packet, reply, isStream)
    heap.look(i)
  }
  const { queries, dropped } = counts()
  assert.equal(queries, asked)
  assert.equal(answers + dropped + forwarded.count, queries)
  assert.ok(answers > PACKETS / 10 && dropped > PACKETS / 100 && forwarded.count > PACKETS / 100)
  heap.assertFlat()
})

/** Nobody here may have a whole zone. */
function messageIn(reply: Buffer | readonly Buffer[] | null): Buffer | null {
  assert.ok(reply === null || Buffer.isBuffer(reply))
  return reply
}

/** An answer that a client can read, of what it has asked, and no longer than what it can take. */
function judge(packet: Buffer, reply: Buffer, isStream: boolean): void {
  const message = decodeMessage(reply)
  assert.ok(message !== null, packet.toString('hex'))
  assert.equal(message.flags & 0x8000, 0x8000)
  assert.equal(message.id, packet.readUInt16BE(0))
  // What is not answered with a failure to read it comes back with its question.
  const rcode = message.flags & 0xf
  if (rcode === 0 || rcode === 3) assert.ok(isAnswerTo(packet, reply), packet.toString('hex'))
  assert.ok(isStream || reply.length <= 1232)
}

test(`${PACKETS} damaged answers of resolvers are taken for nothing or for something sound`, () => {
  const next = numbers(7)
  const heap = heapWatch(PACKETS)
  const asked = { key: nameKey('example.com') ?? '', secure: true, isForbidden: () => false }
  let sound = 0
  for (let i = 0; i < PACKETS; i++) {
    const packet = damagedAnswer(next)
    let found: ReturnType<typeof relayed> = null
    quick(() => (found = relayed(packet, { ...asked, type: i % 2 === 0 ? 1 : 255 })), packet)
    if (found !== null) sound++
    heap.look(i)
  }
  assert.ok(sound > PACKETS / 10 && sound < PACKETS)
  heap.assertFlat()
})

test('whatever a packet is made of, its answer is one', () => {
  const { answer } = house()
  const name = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 6 }).map(wireName)
  const record = fc
    .tuple(name, fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.uint8Array({ maxLength: 30 }))
    .map(([owner, head, data]) =>
      Buffer.concat([owner, head, Buffer.from([0, data.length]), Buffer.from(data)]),
    )
  const packets = fc
    .record({
      head: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      counts: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
      questions: fc.array(fc.tuple(name, fc.uint8Array({ minLength: 4, maxLength: 4 })), {
        maxLength: 2,
      }),
      records: fc.array(record, { maxLength: 3 }),
    })
    .map(({ head, counts, questions, records }) =>
      Buffer.concat([
        Buffer.from(head),
        Buffer.from(counts.flatMap((count) => [0, count])),
        ...questions.flatMap(([owner, tail]) => [owner, Buffer.from(tail)]),
        ...records,
      ]),
    )
  fc.assert(
    fc.property(packets, fc.boolean(), (packet, isStream) => {
      answer(packet, { address: '127.0.0.2', back: null, isStream }, (reply) => {
        const message = messageIn(reply)
        if (message !== null) judge(packet, message, isStream)
      })
    }),
    { numRuns: 5000 },
  )
})

function wireName(labels: readonly Uint8Array[]): Buffer {
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.from([0]),
  ])
}

test('messages in a stream come out as they went in, however it is cut', () => {
  const message = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(40)), (messages, cuts) => {
      const frames = new DnsFrames()
      const got: Buffer[] = []
      let rest = Buffer.concat(messages.map(framed))
      for (const cut of cuts) {
        frames.push(rest.subarray(0, cut), (one) => got.push(one))
        rest = rest.subarray(cut)
      }
      frames.push(rest, (one) => got.push(one))
      assert.deepEqual(got, messages)
    }),
  )
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

test('a question is asked of nobody while it is damaged: what is passed on can be read', () => {
  const next = numbers(99)
  let passed = 0
  const { update, answer } = answerer({
    outside: {
      known: () => null,
      ask({ packet }) {
        passed++
        assert.ok(decodeMessage(packet) !== null, packet.toString('hex'))
      },
    },
    onHost: () => ({ addresses: new Set(), networks: [] }),
    ingress: '::',
    seed: 1,
  })
  update(table(members), [])
  for (let i = 0; i < 20_000; i++) {
    answer(damaged(next), { address: '127.0.0.2', back: null, isStream: false }, () => undefined)
  }
  assert.ok(passed > 100)
})
