import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { DnsFrames, framed } from '../../../proxy/core/dns-frames.ts'
import { RCODE, TYPE } from '../../../proxy/core/dns-wire.ts'
import { askTcp, askUdp, overTcp, overUdp, question, told, type Ask, type Told } from './client.ts'
import { answered, upstreamServer } from './upstream-server.ts'
import { HOST_SOURCE, member, table, until, world } from './world.ts'

/**
 * The edge's checklist, §2e, row by row. The rows about what is asked of others (16, 17, 18, 21) are in
 * forwarder.test.ts and forwarder-cache.test.ts.
 */

const WEB = '127.0.0.2'
const OTHER = '127.0.0.3'
const members = [
  member({ tenant: 'demo', name: 'web', address: WEB }),
  member({ tenant: 'demo', name: 'three', id: 'a', address: '127.0.0.11' }),
  member({ tenant: 'demo', name: 'three', id: 'b', address: '127.0.0.12' }),
  member({ tenant: 'demo', name: 'three', id: 'c', address: '127.0.0.13' }),
  ...Array.from({ length: 90 }, (_, i) =>
    member({ tenant: 'demo', name: 'crowd', id: `crowd-${i}`, address: `127.0.0.${i + 100}` }),
  ),
  member({ tenant: 'other', name: 'secret', address: OTHER }),
]
const NAME = 'web.demo.internal'

async function house(t: TestContext) {
  const made = await world(t, { table: table(members), resolvers: [] })
  const ask = (name: string, type: number, from = WEB): Promise<Told> =>
    askUdp(made.at, { name, type }, from)
  /** What comes back for bytes that no client of ours writes. */
  const raw = async (packet: Buffer, from = WEB): Promise<Told> =>
    told(await overUdp(made.at, packet, from))
  return { ...made, ask, raw }
}

/** A good question with some of its bytes changed. */
function changed(change: (packet: Buffer) => void, ask: Partial<Ask> = {}): Buffer {
  const packet = question({ name: NAME, type: TYPE.A, ...ask })
  change(packet)
  return packet
}

const codes = (all: readonly Told[]): number[] => all.map(({ rcode }) => rcode)
const NXDOMAIN = 3

test('2e.1 header: answers are dropped, other opcodes NOTIMP, other counts FORMERR', async (t) => {
  const { raw, dns, at } = await house(t)
  const response = changed((packet) => (packet[2] = 0x81))
  const short = question({ name: NAME, type: TYPE.A }).subarray(0, 11)
  const good = question({ name: NAME, type: TYPE.A, id: 5 })
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const heard = once(socket, 'message')
  for (const packet of [response, short, good]) socket.send(packet, at.port, at.host)
  const [first] = z.tuple([z.instanceof(Buffer), z.unknown()]).parse(await heard)
  assert.equal(first.readUInt16BE(0), 5)
  assert.equal(dns.counters().dropped, 2)
  const update = await raw(changed((packet) => (packet[2] = 0x29)))
  assert.deepEqual([update.rcode, update.message.id], [RCODE.NOTIMP, 77])
  assert.equal(update.message.flags & 0x7900, 0x2900) // its opcode and RD
  const none = await raw(changed((packet) => packet.writeUInt16BE(0, 4)))
  const two = await raw(changed((packet) => packet.writeUInt16BE(2, 4)))
  const bad = await raw(changed((packet) => packet.writeUInt8(0xff, 12)))
  assert.deepEqual(codes([none, two, bad]), [1, 1, 1])
  assert.equal(bad.message.questions.length, 0)
})

test('2e.2 names: too long, reserved and compressed ones in a question are FORMERR', async (t) => {
  const { raw, at } = await house(t)
  const head = question({ name: NAME, type: TYPE.A }).subarray(0, 12)
  const asked = (name: string): Buffer =>
    Buffer.concat([head, Buffer.from(name, 'latin1'), Buffer.from([0, 1, 0, 1])])
  const long = Array.from({ length: 4 }, () => `\x3f${'a'.repeat(63)}`).join('')
  const names = ['\x03web\xc0\x0c', '\xc0\x0c', '\x40abc\0', '\x80abc\0', `${long}\0`, '\x05web\0']
  for (const name of names) assert.equal((await raw(asked(name))).rcode, RCODE.FORMERR, name)
  // Never a pointer in the target of a service (RFC 2782).
  const service = await askTcp(at, { name: `_http._tcp.${NAME}`, type: TYPE.SRV }, WEB)
  assert.equal(
    service.answers[0]?.slice(-38),
    '03776562 0464656d6f 08696e7465726e616c 00'.replaceAll(' ', ''),
  )
})

test('2e.3 case: letters match in either case and come back as they were', async (t) => {
  const { raw } = await house(t)
  const mixed = changed((packet) => packet.write('WeB', 13, 'latin1'))
  const { answers, packet } = await raw(mixed)
  assert.deepEqual(answers, [`${NAME} 1 ${WEB}`])
  assert.ok(packet.subarray(12, mixed.length).equals(mixed.subarray(12)))
})

test('2e.4 unknown types: NODATA of a name that is there; transfers refused, ANY one RRset, OPT FORMERR', async (t) => {
  const { ask, at } = await house(t)
  const nothing = await ask(NAME, 65_280)
  assert.deepEqual([nothing.rcode, nothing.answers, nothing.authorities.length], [0, [], 1])
  for (const type of [TYPE.AXFR, TYPE.IXFR]) {
    assert.equal((await askTcp(at, { name: 'demo.internal', type }, WEB)).rcode, RCODE.REFUSED)
  }
  assert.deepEqual((await ask('demo.internal', TYPE.ANY)).answers, ['demo.internal 6 SOA'])
  for (const type of [TYPE.OPT, TYPE.TSIG]) assert.equal((await ask(NAME, type)).rcode, 1)
})

test('2e.5 classes: IN alone; CHAOS, HESIOD and ANY are REFUSED', async (t) => {
  const { raw } = await house(t)
  for (const other of [3, 4, 254, 255]) {
    const packet = changed((bytes) => bytes.writeUInt16BE(other, bytes.length - 2))
    assert.equal((await raw(packet)).rcode, RCODE.REFUSED)
  }
})

test('2e.6 NXDOMAIN and NODATA: by whether the name or one below it is there, with a SOA of few seconds', async (t) => {
  const { ask } = await house(t)
  const between = await ask(`_tcp.${NAME}`, TYPE.SRV)
  const missing = await ask('none.demo.internal', TYPE.A)
  const below = await ask(`x.${NAME}`, TYPE.A)
  assert.deepEqual(codes([between, missing, below]), [0, NXDOMAIN, NXDOMAIN])
  for (const { message, packet } of [between, missing, below]) {
    const [soa] = message.authorities
    assert.ok(soa?.type === TYPE.SOA && soa.ttlSeconds <= 5)
    assert.equal(packet.readUInt32BE(soa.dataAt + soa.dataBytes - 4), soa.ttlSeconds)
  }
})

test('2e.7 flags: AA of own zones, RD and CD copied, RA for who may ask, AD never, Z ignored', async (t) => {
  const { raw } = await house(t)
  const flagsOf = async (low: number, from: string): Promise<number> =>
    (
      await raw(
        changed((packet) => packet.writeUInt16BE(low, 2)),
        from,
      )
    ).message.flags
  assert.equal(await flagsOf(0x0170, WEB), 0x8590) // QR AA RD RA CD
  assert.equal(await flagsOf(0x0000, WEB), 0x8480)
  assert.equal(await flagsOf(0x0100, '127.0.0.9'), 0x8503) // nobody's address: no RA
})

test('2e.8 truncation: 512 without EDNS, at most 1232 with it, whole RRsets or none, OPT kept', async (t) => {
  const { ask, raw, at } = await house(t)
  const name = 'crowd.demo.internal'
  const plain = await ask(name, TYPE.A)
  const large = await raw(withPayload(65_535, name))
  for (const one of [plain, large]) {
    assert.equal(one.message.flags & 0x0200, 0x0200)
    assert.deepEqual(one.answers, [])
  }
  assert.equal(large.message.additionals[0]?.type, TYPE.OPT)
  const whole = await askTcp(at, { name, type: TYPE.A }, WEB)
  assert.deepEqual([whole.answers.length, whole.message.flags & 0x0200], [90, 0])
  const small = await raw(withPayload(0, 'three.demo.internal'))
  assert.equal(small.answers.length, 3)
})

function withPayload(bytes: number, name: string): Buffer {
  return changed((packet) => packet.writeUInt16BE(bytes, packet.length - 8), { name, edns: true })
}

test('2e.9 EDNS: only when asked, BADVERS with version 0, options and flags ignored, DO back, one OPT', async (t) => {
  const { ask, raw } = await house(t)
  assert.deepEqual((await ask(NAME, TYPE.A)).message.additionals, [])
  const newer = await raw(changed((p) => (p[p.length - 5] = 1), { edns: true }))
  assert.deepEqual([newer.rcode, newer.message.additionals[0]?.ttlSeconds], [0, 0x01000000])
  const secure = await raw(changed((p) => p.writeUInt16BE(0xffff, p.length - 4), { edns: true }))
  assert.deepEqual([secure.rcode, secure.message.additionals[0]?.ttlSeconds], [0, 0x8000])
  const opt = question({ name: NAME, type: TYPE.A, edns: true }).subarray(-11)
  const two = changed((packet) => packet.writeUInt16BE(2, 10), { edns: true })
  assert.equal((await raw(Buffer.concat([two, opt]))).rcode, RCODE.FORMERR)
  const option = changed((packet) => packet.writeUInt16BE(8, packet.length - 2), { edns: true })
  assert.equal(
    (await raw(Buffer.concat([option, Buffer.from('fde9000401020304', 'hex')]))).rcode,
    0,
  )
})

test('2e.10 TCP: pipelined questions, in pieces, past a half-closed end, up to the longest message', async (t) => {
  const { at } = await house(t)
  const asked = [1, 2, 3].map((id) => framed(question({ name: NAME, type: TYPE.A, id })))
  const bytes = Buffer.concat(asked)
  // `overTcp` closes its half behind the last byte.
  const got = await overTcp(at, [bytes.subarray(0, 7), bytes.subarray(7)], {
    source: WEB,
    count: 3,
  })
  assert.deepEqual(
    got.map((one) => told(one).message.id),
    [1, 2, 3],
  )
  const longest = Buffer.concat([question({ name: NAME, type: TYPE.A }), Buffer.alloc(65_535)])
  const [answer] = await overTcp(at, [framed(longest.subarray(0, 65_535))], {
    source: WEB,
    count: 1,
  })
  assert.equal(told(answer ?? Buffer.alloc(0)).rcode, RCODE.FORMERR)
})

test('2e.10 TCP: an answer that is ready goes before one that is waited for', async (t) => {
  const upstream = await upstreamServer({ udp: () => [] })
  t.after(() => upstream.close())
  const limits = { forward: { tryMs: 200, overallMs: 200 } }
  const { at } = await world(t, { table: table(members), resolvers: [upstream.text], limits })
  const [slow, quick] = [
    question({ name: 'example.com', type: TYPE.A, id: 1 }),
    question({ name: NAME, type: TYPE.A, id: 2 }),
  ]
  const options = { source: WEB, count: 2 }
  const got = await overTcp(at, [framed(slow), framed(quick)], options)
  assert.deepEqual(
    got.map((one) => told(one).message.id),
    [2, 1],
  )
})

test('2e.11 CNAME: no name of ours is an alias, so that each has its addresses itself', async (t) => {
  const { ask } = await house(t)
  const { rcode, answers, authorities } = await ask(NAME, TYPE.CNAME)
  assert.deepEqual([rcode, answers, authorities], [0, [], ['demo.internal 6 SOA']])
  const aliased = member({ tenant: 'demo', name: 'db', address: '127.0.0.4' })
  const places = [{ network: 'front', address: '127.0.0.4', aliases: ['store'] }]
  const { at } = await world(t, { table: table([{ ...aliased, places }]) })
  const direct = await askUdp(at, { name: 'store.demo.internal', type: TYPE.A }, '127.0.0.4')
  assert.deepEqual(direct.answers, ['store.demo.internal 1 127.0.0.4'])
})

test('2e.12 wildcards: localhost has one, and names between are not shadowed elsewhere', async (t) => {
  const { ask } = await house(t)
  assert.deepEqual((await ask('a.b.localhost', TYPE.A)).answers, ['a.b.localhost 1 127.0.0.1'])
  assert.deepEqual((await ask('a.b.localhost', TYPE.TXT)).answers, [])
  assert.equal((await ask(`a.b.${NAME}`, TYPE.A)).rcode, NXDOMAIN)
})

test('2e.13 PTR: of own addresses; private and special names stay here', async (t) => {
  const { ask } = await house(t)
  assert.deepEqual((await ask('2.0.0.127.in-addr.arpa', TYPE.PTR)).answers, [
    `2.0.0.127.in-addr.arpa 12 ${NAME}`,
  ])
  const here = ['1.1.168.192.in-addr.arpa', 'd.f.ip6.arpa', 'x.onion', 'x.invalid', 'x.home.arpa']
  for (const name of [...here, 'x.internal', 'x.alt', 'x.local']) {
    const { rcode, authorities } = await ask(name, TYPE.A)
    assert.equal(authorities.length, 1, name)
    assert.ok(rcode === NXDOMAIN || name === 'd.f.ip6.arpa', name)
  }
})

test('2e.14 SRV: with the addresses of its target; SVCB and HTTPS are NODATA at once', async (t) => {
  const { ask, dns } = await house(t)
  const { answers, packet, message } = await ask(`_http._tcp.${NAME}`, TYPE.SRV)
  assert.equal(answers.length, 1)
  const [extra] = message.additionals
  assert.ok(extra)
  assert.equal(packet.subarray(extra.dataAt, extra.dataAt + 4).join('.'), WEB)
  for (const type of [TYPE.SVCB, TYPE.HTTPS]) {
    const nothing = await ask(NAME, type)
    assert.deepEqual([nothing.rcode, nothing.answers, nothing.authorities.length], [0, [], 1])
  }
  assert.equal(dns.counters().forwarded, 0)
})

test('2e.15 RRset: one short TTL, nothing twice, each time another one first', async (t) => {
  const { ask } = await house(t)
  const firsts = new Set<string>()
  for (let i = 0; i < 3; i++) {
    const { answers, message } = await ask('three.demo.internal', TYPE.A)
    assert.equal(new Set(answers).size, 3)
    firsts.add(answers[0] ?? '')
    const ttls = new Set(message.answers.map(({ ttlSeconds }) => ttlSeconds))
    assert.ok(ttls.size === 1 && Math.max(...ttls) <= 5)
  }
  assert.equal(firsts.size, 3)
})

test('2e.19 amplification: nobody outside is served by others, and no answer is long', async (t) => {
  const { ask, raw } = await house(t)
  assert.equal((await ask('example.com', TYPE.A, '127.0.0.9')).rcode, RCODE.REFUSED)
  const any = await raw(withPayload(4096, 'crowd.demo.internal'))
  assert.ok(any.packet.length < 100)
})

test('2e.20 isolation: who asks is known by the address alone, and a foreign name is none', async (t) => {
  const { ask } = await house(t)
  const [mine, foreign, nowhere] = [
    await ask('secret.other.internal', TYPE.A, OTHER),
    await ask('secret.other.internal', TYPE.A),
    await ask('secret.nobody.internal', TYPE.A),
  ]
  assert.deepEqual(mine.answers, [`secret.other.internal 1 ${OTHER}`])
  assert.deepEqual(codes([foreign, nowhere]), [NXDOMAIN, NXDOMAIN])
  assert.deepEqual(foreign.authorities, nowhere.authorities)
  assert.deepEqual((await ask(NAME, TYPE.A, HOST_SOURCE)).answers.length, 1)
})

test('2e.22 search lists: a name that search lists make up is denied here, and asked of nobody', async (t) => {
  const { ask, dns } = await house(t)
  for (const name of ['web.demo.internal.demo.internal', 'example.com.demo.internal']) {
    assert.equal((await ask(name, TYPE.A)).rcode, NXDOMAIN)
  }
  assert.equal(dns.counters().forwarded, 0)
})

test('2e.23 in flight: a thousand questions are waited for at a time', async (t) => {
  const held: (() => void)[] = []
  const slow = await holding(t, held)
  const forward = { perClient: 2000, rate: { perSecond: 2000, burst: 2000 } }
  const { at, dns } = await world(t, {
    table: table(members),
    resolvers: [slow],
    limits: { forward, tcp: { pipelined: 2000 } },
  })
  const socket = connect({ ...at, localAddress: WEB })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  for (let id = 0; id < 1000; id++) {
    socket.write(framed(question({ name: `n${id}.example.com`, type: TYPE.A, id })))
  }
  await until(() => dns.counters().inFlight === 1000 && held.length >= 1000)
  for (const send of held) send()
  const got: number[] = []
  const frames = new DnsFrames()
  socket.on('data', (chunk: Buffer) =>
    frames.push(chunk, (message) => got.push(told(message).answers.length)),
  )
  await until(() => got.length === 1000)
  assert.ok(got.every((count) => count === 1))
})

/** A resolver that keeps what it is asked until it is let go. */
async function holding(t: TestContext, held: (() => void)[]): Promise<string> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
  socket.on('message', (query, from) => {
    const answer = answered(Buffer.from(query), [1])
    held.push(() => socket.send(answer, from.port, from.address))
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return `127.0.0.1:${socket.address().port}`
}

test('2e.18 upstream failure: a client with EDNS is told why there is nothing (RFC 8914)', async (t) => {
  const { raw } = await house(t)
  const failed = await raw(question({ name: 'example.com', type: TYPE.A, edns: true }))
  const [opt] = failed.message.additionals
  assert.ok(opt)
  const option = failed.packet.toString('hex', opt.dataAt, opt.dataAt + opt.dataBytes)
  assert.deepEqual([failed.rcode, option], [RCODE.SERVFAIL, '000f00020016'])
  const plain = await raw(question({ name: 'example.com', type: TYPE.A }))
  assert.deepEqual([plain.rcode, plain.message.additionals], [RCODE.SERVFAIL, []])
})
