import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { test, type TestContext } from 'node:test'
import { createServer } from 'node:tls'
import { DnsFrames, framed } from '../../../proxy/core/dns-frames.ts'
import { RCODE, TYPE } from '../../../proxy/core/dns-wire.ts'
import type { ForwardLimits } from '../../../proxy/dns/forwarder.ts'
import { CA, certificateOf } from '../ingress/tls-kit.ts'
import { askUdp, overTcp, question, told } from './client.ts'
import { addressData, answerTo, nameData, soaData } from './messages.ts'
import { answered, upstreamServer, type Upstream } from './upstream-server.ts'
import { HOST_SOURCE, member, table, until, world } from './world.ts'

const EXAMPLE = { name: 'www.example.com', type: TYPE.A }
const WEB = '127.0.0.2'
const OTHER = '127.0.0.3'
const members = [
  member({ tenant: 'demo', name: 'hello', address: WEB }),
  member({ tenant: 'other', name: 'secret', address: OTHER }),
]

/** A responder in front of resolvers, with a clock that is moved by hand. */
async function house(
  t: TestContext,
  upstreams: readonly Upstream[],
  forward: Partial<ForwardLimits> = {},
) {
  t.after(() => {
    for (const each of upstreams) each.close()
  })
  let nowMs = 0
  const logged: string[] = []
  const made = await world(t, {
    table: table(members),
    resolvers: upstreams.map(({ text }) => text),
    limits: { forward: { tryMs: 60, overallMs: 400, ...forward } },
    now: () => nowMs,
    log: (_, message) => logged.push(message),
  })
  const ask = async (source = WEB, name = EXAMPLE.name) =>
    askUdp(made.at, { ...EXAMPLE, name }, source)
  return { ...made, ask, logged, pass: (ms: number) => void (nowMs += ms) }
}

const ttlOf = ({ message }: Awaited<ReturnType<typeof askUdp>>): number | undefined =>
  message.answers[0]?.ttlSeconds

test('2e.17 cache: an answer is kept for its time, and its time runs down', async (t) => {
  const upstream = await upstreamServer({ udp: (query) => [answered(query, [1])] })
  const { ask, pass, dns } = await house(t, [upstream])
  assert.equal(ttlOf(await ask()), 60)
  pass(20_000)
  const again = await ask()
  assert.equal(ttlOf(again), 40)
  assert.deepEqual(again.answers, ['www.example.com 1 192.0.2.1'])
  assert.equal(upstream.seen.length, 1)
  assert.equal(dns.counters().cached, 1)
  pass(40_000)
  assert.equal(ttlOf(await ask()), 60)
  assert.equal(upstream.seen.length, 2)
})

test('2e.17 cache: what one tenant has asked is not quicker for another', async (t) => {
  const upstream = await upstreamServer({ udp: (query) => [answered(query, [1])] })
  const { ask, dns } = await house(t, [upstream])
  await ask(WEB)
  await ask(OTHER)
  await ask(HOST_SOURCE)
  assert.equal(upstream.seen.length, 3)
  assert.equal(dns.counters().cached, 0)
})

test('2e.17 cache: a name that is not there is not asked for again while its SOA says so', async (t) => {
  const upstream = await upstreamServer({
    udp: (query) => [
      answerTo(query, {
        rcode: RCODE.NXDOMAIN,
        authorities: [{ name: 'example.com', type: TYPE.SOA, ttl: 900, data: soaData(30) }],
      }),
    ],
  })
  const { ask, pass } = await house(t, [upstream])
  for (const ms of [0, 29_000]) {
    pass(ms)
    const { rcode, authorities, message } = await ask()
    assert.equal(rcode, RCODE.NXDOMAIN)
    assert.deepEqual(authorities, ['example.com 6 SOA'])
    assert.equal(message.authorities[0]?.ttlSeconds, 30 - ms / 1000)
  }
  assert.equal(upstream.seen.length, 1)
  pass(1000)
  await ask()
  assert.equal(upstream.seen.length, 2)
})

test('2e.17 cache: what is old is told when nobody answers, and nobody is asked again for half a minute', async (t) => {
  let isThere = true
  const upstream = await upstreamServer({
    udp: (query) => (isThere ? [answered(query, [1])] : []),
  })
  const { ask, pass, dns } = await house(t, [upstream])
  await ask()
  isThere = false
  pass(3_600_000)
  const old = await ask()
  assert.deepEqual([old.rcode, ttlOf(old)], [RCODE.NOERROR, 30])
  const tries = upstream.seen.length
  assert.equal(ttlOf(await ask()), 30)
  assert.equal(upstream.seen.length, tries)
  isThere = true
  pass(30_000)
  assert.equal(ttlOf(await ask()), 60)
  assert.ok(dns.counters().cached >= 2)
  isThere = false
  pass(25 * 3_600_000)
  assert.equal((await ask()).rcode, RCODE.SERVFAIL)
})

test('2e.17 cache: who waits too long is told what is old, and what comes later is kept', async (t) => {
  const held: (() => void)[] = []
  const slow = createSocket('udp4')
  slow.bind(0, '127.0.0.1')
  await once(slow, 'listening')
  t.after(() => slow.close())
  let isSlow = false
  slow.on('message', (query, from) => {
    const send = (): void => slow.send(answered(Buffer.from(query), [1]), from.port, from.address)
    if (isSlow) held.push(send)
    else send()
  })
  const text = `127.0.0.1:${slow.address().port}`
  const upstream: Upstream = { text, seen: [], close: () => undefined }
  const { ask, pass, dns } = await house(t, [upstream], { tryMs: 9000, staleAfterMs: 20 })
  await ask()
  pass(61_000)
  isSlow = true
  assert.equal(ttlOf(await ask()), 30)
  assert.equal(dns.counters().stale, 1)
  isSlow = false
  for (const send of held) send()
  await until(() => dns.counters().inFlight === 0)
  assert.equal(ttlOf(await ask()), 60)
})

test('2e.17 cache: a failure is told again for a moment without anybody being asked', async (t) => {
  const upstream = await upstreamServer({ udp: () => [] })
  const { ask, pass } = await house(t, [upstream])
  assert.equal((await ask()).rcode, RCODE.SERVFAIL)
  const tries = upstream.seen.length
  assert.equal((await ask()).rcode, RCODE.SERVFAIL)
  assert.equal(upstream.seen.length, tries)
  pass(2000)
  await ask()
  assert.ok(upstream.seen.length > tries)
})

test('a client that has others asked all the time is told to wait, and others are not', async (t) => {
  const upstream = await upstreamServer({ udp: (query) => [answered(query, [1])] })
  const rate = { perSecond: 1, burst: 5 }
  const { ask, pass, dns } = await house(t, [upstream], { rate })
  const codes: number[] = []
  for (let i = 0; i < 8; i++) codes.push((await ask(WEB, `n${i}.example.com`)).rcode)
  assert.deepEqual(codes, [0, 0, 0, 0, 0, 2, 2, 2])
  assert.equal(dns.counters().limited, 3)
  assert.equal((await ask(OTHER, 'n9.example.com')).rcode, RCODE.NOERROR)
  // What is known already needs nobody.
  assert.equal((await ask(WEB, 'n0.example.com')).rcode, RCODE.NOERROR)
  pass(1000)
  assert.equal((await ask(WEB, 'n7.example.com')).rcode, RCODE.NOERROR)
})

test('2e.21 rebinding: no name of the world leads a container inside; the host may be told so', async (t) => {
  const data = ['127.0.0.3', '192.0.2.1', '169.254.169.254'].map(addressData)
  const upstream = await upstreamServer({
    udp: (query) => [answerTo(query, { answers: data.map((one) => ({ ...EXAMPLE, data: one })) })],
  })
  const { ask, dns } = await house(t, [upstream])
  assert.deepEqual((await ask(WEB)).answers, ['www.example.com 1 192.0.2.1'])
  assert.equal(dns.counters().filtered, 2)
  assert.equal((await ask(HOST_SOURCE)).answers.length, 3)
})

test('2e.18 upstream failure: a resolver that does not answer is left to the last, and is back when it answers', async (t) => {
  let isThere = false
  const first = await upstreamServer({
    udp: (query) => (isThere ? [answered(query, [1])] : []),
    probe: (query) => (isThere ? [answered(query, [])] : []),
  })
  const second = await upstreamServer({ udp: (query) => [answered(query, [2])] })
  const { ask, dns, logged } = await house(t, [first, second])
  for (let i = 0; i < 6; i++) {
    assert.deepEqual((await ask(WEB, `n${i}.example.com`)).answers.length, 1)
  }
  assert.equal(first.seen.length, 2)
  assert.equal(second.seen.length, 6)
  assert.deepEqual(dns.counters().down, [first.text.replace(':', ' ')])
  isThere = true
  await until(() => dns.counters().down.length === 0)
  await ask(WEB, 'later.example.com')
  assert.equal(first.seen.length, 3)
  assert.deepEqual(logged, ['A resolver does not answer', 'A resolver answers again'])
})

test('2e.18 upstream failure: a resolver that asks us what we ask it is found out, and left out', async (t) => {
  const { dns, at, resolvers, logged } = await ring(t)
  await askUdp(at, EXAMPLE, WEB)
  await until(() => dns.counters().looping.length === 1)
  const before = dns.counters().queries
  assert.equal((await askUdp(at, { ...EXAMPLE, name: 'x.example.com' }, WEB)).rcode, RCODE.SERVFAIL)
  assert.equal(dns.counters().queries, before + 1)
  assert.deepEqual(dns.counters().looping, [resolvers[0]?.replace(':', ' ')])
  assert.ok(logged.includes('A resolver asks us what we ask it, and is left out'))
})

/** A resolver in front that passes everything on to the responder that asks it. */
async function ring(t: TestContext) {
  const resolvers: string[] = []
  const logged: string[] = []
  const { dns, at } = await world(t, {
    table: table(members),
    resolvers,
    limits: { forward: { tryMs: 60, overallMs: 400 } },
    log: (_, message) => logged.push(message),
  })
  const relay = createSocket('udp4')
  const ways: ReturnType<typeof createSocket>[] = []
  relay.on('message', (query, from) => {
    const way = createSocket('udp4')
    ways.push(way)
    way.on('message', (answer) => relay.send(answer, from.port, from.address))
    way.bind(0, HOST_SOURCE, () => way.send(query, at.port, at.host))
  })
  relay.bind(0, '127.0.0.1')
  await once(relay, 'listening')
  t.after(() => {
    for (const one of [relay, ...ways]) one.close()
  })
  resolvers.push(`127.0.0.1:${relay.address().port}`)
  return { dns, at, resolvers, logged }
}

/** A resolver that is asked over TLS, and says what came in how many connections. */
async function tlsResolver(t: TestContext, name: string) {
  const { chain, key } = await certificateOf(name)
  const seen = { questions: 0, connections: 0 }
  const server = createServer({ cert: chain, key, ALPNProtocols: ['dot'] }, (socket) => {
    seen.connections++
    const frames = new DnsFrames()
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) =>
      frames.push(chunk, (query) => {
        seen.questions++
        socket.write(framed(answered(query, [1])))
      }),
    )
    t.after(() => socket.destroy())
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { seen, port: address.port }
}

test('over TLS many questions share one connection to a resolver whose name is proved', async (t) => {
  const { seen, port } = await tlsResolver(t, 'dns.example')
  const resolvers = [`tls://127.0.0.1:${port}#dns.example`]
  const { at } = await world(t, { table: table(members), resolvers, ca: await CA })
  const asked = Array.from({ length: 20 }, (_, id) =>
    framed(question({ ...EXAMPLE, name: `n${id}.example.com`, id })),
  )
  const got = await overTcp(at, asked, { source: WEB, count: 20 })
  for (const each of got) assert.equal(told(each).answers.length, 1)
  assert.deepEqual(seen, { questions: 21, connections: 1 }) // and whether it leads back to us
})

test('a resolver with another name on its certificate is not believed', async (t) => {
  const { seen, port } = await tlsResolver(t, 'dns.example')
  const resolvers = [`tls://127.0.0.1:${port}#other.example`]
  const { at } = await world(t, {
    table: table(members),
    resolvers,
    ca: await CA,
    limits: { forward: { tryMs: 500, overallMs: 1000 } },
  })
  assert.equal((await askUdp(at, EXAMPLE, WEB)).rcode, RCODE.SERVFAIL)
  assert.equal(seen.questions, 0)
})

test('aliases of an answer come with what they are aliases of', async (t) => {
  const upstream = await upstreamServer({
    udp: (query) => [
      answerTo(query, {
        answers: [
          { name: EXAMPLE.name, type: TYPE.CNAME, data: nameData('edge.example.net') },
          { name: 'edge.example.net', type: TYPE.A, data: addressData('192.0.2.9') },
        ],
      }),
    ],
  })
  const { ask } = await house(t, [upstream])
  for (const { answers } of [await ask(), await ask()]) {
    assert.equal(answers[1], 'edge.example.net 1 192.0.2.9')
  }
})
