import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { framed } from '../../../proxy/core/dns-frames.ts'
import { RCODE, TYPE } from '../../../proxy/core/dns-wire.ts'
import { askTcp, askUdp, overTcp, overUdp, question, told, type Told } from './client.ts'
import { answered, forged, upstreamServer, type Upstream } from './upstream-server.ts'
import { HOST_SOURCE, member, table, until, world, type World } from './world.ts'

const EXAMPLE = { name: 'www.example.com', type: TYPE.A }
const QUICK = { forward: { tryMs: 60, overallMs: 400 } }
const members = [
  member({ tenant: 'demo', name: 'hello', address: '127.0.0.2' }),
  member({ tenant: 'other', name: 'secret', address: '127.0.0.3' }),
]

async function forwarding(
  t: TestContext,
  upstreams: readonly Upstream[],
  limits: NonNullable<Parameters<typeof world>[1]['limits']> = QUICK,
): Promise<World> {
  t.after(() => {
    for (const each of upstreams) each.close()
  })
  const resolvers = upstreams.map(({ text }) => text)
  return world(t, { table: table(members), resolvers, limits })
}

test('2e.16 forwarding: what is not ours is asked of the host resolver with a new id and no trace of the client', async (t) => {
  const upstream = await upstreamServer({ udp: (query) => [answered(query, [1, 2])] })
  const { at } = await forwarding(t, [upstream])
  const ask = { ...EXAMPLE, edns: true }
  const withSubnet = Buffer.concat([question(ask), Buffer.from('000800070001180000c000', 'hex')])
  withSubnet.writeUInt16BE(11, withSubnet.length - 13)
  withSubnet.write('wWw', 13, 'latin1')
  const got = told(await overUdp(at, withSubnet, '127.0.0.2'))
  assert.deepEqual(got.answers, ['www.example.com 1 192.0.2.1', 'www.example.com 1 192.0.2.2'])
  assert.equal(got.packet.toString('latin1', 13, 16), 'wWw')
  assert.equal(got.message.id, 77)
  assert.equal(got.message.flags & 0x0480, 0x0080) // RA, and no AA
  const [asked] = upstream.seen
  assert.equal(asked?.packet.length, question(ask).length)
  assert.equal(asked?.packet.toString('latin1', 13, 16), 'www')
})

test('2e.16 forwarding: each question leaves with another id and from another port', async (t) => {
  const upstream = await upstreamServer({ udp: (query) => [answered(query, [1])] })
  const { at } = await forwarding(t, [upstream])
  for (let i = 0; i < 8; i++)
    await askUdp(at, { ...EXAMPLE, name: `n${i}.test.example` }, HOST_SOURCE)
  assert.ok(new Set(upstream.seen.map(({ packet }) => packet.readUInt16BE(0))).size > 4)
  assert.ok(new Set(upstream.seen.map(({ from }) => from?.port)).size > 4)
})

test('2e.16 forwarding: only the answer to the question is believed', async (t) => {
  const upstream = await upstreamServer({
    udp(query) {
      const lie = answered(query, [66])
      return [
        forged(lie, 'id'),
        forged(lie, 'question'),
        forged(lie, 'query'),
        Buffer.from('garbage'),
        answered(query, [1]),
      ]
    },
  })
  const { at } = await forwarding(t, [upstream])
  const { answers } = await askUdp(at, EXAMPLE, '127.0.0.2')
  assert.deepEqual(answers, ['www.example.com 1 192.0.2.1'])
})

test('2e.16 forwarding: somebody who guesses is escaped over TCP', async (t) => {
  const upstream = await upstreamServer({
    udp: (query) => Array.from({ length: 40 }, () => forged(answered(query, [66]), 'id')),
    tcp: (query) => [answered(query, [1])],
  })
  const { at } = await forwarding(t, [upstream])
  const { answers } = await askUdp(at, EXAMPLE, '127.0.0.2')
  assert.deepEqual(answers, ['www.example.com 1 192.0.2.1'])
})

test('2e.16 forwarding: a cut answer is fetched over TCP, and cut again for a client that has no room', async (t) => {
  const all = Array.from({ length: 60 }, (_, i) => i + 1)
  const upstream = await upstreamServer({
    udp: (query) => [forged(answered(query, []), 'cut')],
    tcp: (query) => [answered(query, all)],
  })
  const { at } = await forwarding(t, [upstream])
  assert.equal((await askUdp(at, { ...EXAMPLE, edns: true }, '127.0.0.2')).answers.length, 60)
  assert.equal((await askTcp(at, EXAMPLE, '127.0.0.2')).answers.length, 60)
  const plain = await askUdp(at, EXAMPLE, '127.0.0.2')
  assert.equal(plain.answers.length, 0)
  assert.equal(plain.message.flags & 0x0200, 0x0200)
})

test('2e.18 upstream failure: the next resolver is asked when one is silent, broken or refuses', async (t) => {
  const silent = await upstreamServer({ udp: () => [] })
  const broken = await upstreamServer({ udp: (query) => [answered(query, [1]).subarray(0, -3)] })
  const refusing = await upstreamServer({
    udp(query) {
      const refusal = answered(query, [])
      refusal[3] = 0x85
      return [refusal]
    },
  })
  const good = await upstreamServer({ udp: (query) => [answered(query, [1])] })
  const { at } = await forwarding(t, [silent, broken, refusing, good])
  assert.equal((await askUdp(at, EXAMPLE, '127.0.0.2')).answers.length, 1)
  for (const { seen } of [silent, broken, refusing, good]) assert.equal(seen.length, 1)
})

test('2e.18 upstream failure: a client is told SERVFAIL when nobody answers in time, and when there is nobody', async (t) => {
  const silent = await upstreamServer({ udp: () => [] })
  const { at } = await forwarding(t, [silent], { forward: { tryMs: 20, overallMs: 50 } })
  assert.equal((await askUdp(at, EXAMPLE, '127.0.0.2')).rcode, RCODE.SERVFAIL)
  const nobody = await world(t, { table: table(members), resolvers: [] })
  assert.equal((await askUdp(nobody.at, EXAMPLE, '127.0.0.2')).rcode, RCODE.SERVFAIL)
})

test('2e.18 upstream failure: a question to ourselves is not passed on', async (t) => {
  const resolvers: string[] = []
  const { dns, at } = await world(t, { table: table(members), resolvers })
  resolvers.push(`${at.host}:${at.port}`)
  assert.equal((await askUdp(at, EXAMPLE, '127.0.0.2')).rcode, RCODE.SERVFAIL)
  assert.equal(dns.counters().queries, 1)
})

test('2e.16 forwarding: equal questions under way are asked once in a view, and each view asks for itself', async (t) => {
  // Holds its answers back until all have asked, and gives them to the second try.
  const upstream = await upstreamServer({
    udp: (query) => (dns.counters().queries < 4 ? [] : [answered(query, [1])]),
  })
  const { dns, at } = await forwarding(t, [upstream], { forward: { tryMs: 150, overallMs: 4000 } })
  const ask = (source: string): Promise<Told> => askUdp(at, EXAMPLE, source)
  const sources = ['127.0.0.2', '127.0.0.2', '127.0.0.2', '127.0.0.3']
  const got = await Promise.all(sources.map(ask))
  for (const { answers } of got) assert.deepEqual(answers, ['www.example.com 1 192.0.2.1'])
  assert.equal(dns.counters().merged, 2)
  assert.equal(dns.counters().inFlight, 0)
})

test('one client cannot take the place of others', async (t) => {
  const silent = await upstreamServer({ udp: () => [] })
  const limits = { forward: { tryMs: 200, overallMs: 200, perClient: 3 } }
  const { dns, at } = await forwarding(t, [silent], limits)
  const asked = Array.from({ length: 5 }, (_, id) =>
    framed(question({ ...EXAMPLE, name: `n${id}.example.com`, id })),
  )
  const got = await overTcp(at, asked, { source: '127.0.0.2', count: 5 })
  const order = got.map((each) => told(each).message.id)
  // The two that were too many are answered at once, the others when their time is over.
  assert.deepEqual(order.slice(0, 2), [3, 4])
  assert.ok(got.every((each) => told(each).rcode === RCODE.SERVFAIL))
  assert.equal(dns.counters().failed, 5)
})

test('close() tells those who still wait', async (t) => {
  const silent = await upstreamServer({ udp: () => [] })
  const { dns, at } = await forwarding(t, [silent], {})
  const answer = askUdp(at, EXAMPLE, '127.0.0.2')
  await until(() => silent.seen.length > 0)
  await dns.close(0)
  assert.equal((await answer).rcode, RCODE.SERVFAIL)
})
