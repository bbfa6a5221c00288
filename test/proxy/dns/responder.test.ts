import assert from 'node:assert/strict'
import { test } from 'node:test'
import { framed } from '../../../proxy/core/dns-frames.ts'
import { RCODE, TYPE } from '../../../proxy/core/dns-wire.ts'
import { askTcp, askUdp, overTcp, overUdp, question, told } from './client.ts'
import { HOST_SOURCE, member, table, world } from './world.ts'

const members = [
  member({ tenant: 'demo', name: 'hello', address: '127.0.0.2' }),
  member({ tenant: 'other', name: 'secret', address: '127.0.0.3' }),
]

test('a member gets its own tenant names, by UDP and by TCP', async (t) => {
  const { at } = await world(t, { table: table(members) })
  const asked = { name: 'hello.demo.internal', type: TYPE.A }
  for (const ask of [askUdp, askTcp]) {
    const { rcode, answers, message } = await ask(at, asked, '127.0.0.2')
    assert.equal(rcode, RCODE.NOERROR)
    assert.deepEqual(answers, ['hello.demo.internal 1 127.0.0.2'])
    assert.equal(message.id, 77)
  }
})

test('who asks decides what exists', async (t) => {
  const { at } = await world(t, { table: table(members) })
  const rcodes = async (source: string): Promise<number[]> => {
    const names = ['hello.demo.internal', 'secret.other.internal', 'missing.demo.internal']
    const asked = [...names, 'example.com'].map((name) => askUdp(at, { name, type: 1 }, source))
    return (await Promise.all(asked)).map(({ rcode }) => rcode)
  }
  const { NOERROR, NXDOMAIN, REFUSED, SERVFAIL } = RCODE
  // Nobody can be asked about the last name, which is SERVFAIL for those who may ask.
  assert.deepEqual(await rcodes('127.0.0.2'), [NOERROR, NXDOMAIN, NXDOMAIN, SERVFAIL])
  assert.deepEqual(await rcodes('127.0.0.3'), [NXDOMAIN, NOERROR, NXDOMAIN, SERVFAIL])
  assert.deepEqual(await rcodes('127.0.0.9'), [NXDOMAIN, NXDOMAIN, NXDOMAIN, REFUSED])
  assert.deepEqual(await rcodes(HOST_SOURCE), [NOERROR, NOERROR, NXDOMAIN, SERVFAIL])
})

test('a member that stops still asks, and is no longer an answer', async (t) => {
  const { dns, at } = await world(t, { table: table(members) })
  const asked = { name: 'hello.demo.internal', type: TYPE.A }
  assert.equal((await askUdp(at, asked, '127.0.0.2')).answers.length, 1)
  dns.update(table([member({ tenant: 'demo', name: 'hello', state: 'stopped' })]), [])
  const { rcode, answers } = await askUdp(at, asked, '127.0.0.2')
  assert.deepEqual({ rcode, answers }, { rcode: RCODE.NOERROR, answers: [] })
})

test('a responder without a table says SERVFAIL', async (t) => {
  const { at } = await world(t, {})
  assert.equal((await askUdp(at, { name: 'a.b.internal', type: 1 }, HOST_SOURCE)).rcode, 2)
})

test('the letters of the question come back as they were sent', async (t) => {
  const { at } = await world(t, { table: table(members) })
  const packet = question({ name: 'hello.demo.internal', type: TYPE.A })
  packet.write('hElLo', 13, 'latin1')
  const answer = await overUdp(at, packet, '127.0.0.2')
  assert.equal(told(answer).message.answers.length, 1)
  assert.equal(answer.toString('latin1', 13, 18), 'hElLo')
})

test('many questions in one segment and one question in many are all answered over TCP', async (t) => {
  const { at } = await world(t, { table: table(members) })
  const asked = Array.from({ length: 50 }, (_, id) =>
    framed(question({ name: 'hello.demo.internal', type: 1, id })),
  )
  const options = { source: '127.0.0.2', count: 50 }
  const expected = asked.map((_, id) => id)
  assert.deepEqual(ids(await overTcp(at, [Buffer.concat(asked)], options)), expected)
  const bytes = Array.from(Buffer.concat(asked), (byte) => Buffer.from([byte]))
  assert.deepEqual(ids(await overTcp(at, bytes, options)), expected)
})

test('a connection that asks nothing is closed', async (t) => {
  const { at } = await world(t, { table: table(members), limits: { tcp: { idleMs: 50 } } })
  const halfQuestion = [Buffer.from([0])]
  await assert.rejects(overTcp(at, halfQuestion, { source: '127.0.0.2', count: 1 }), /0 answers/)
})

test('connections beyond those of one client are closed', async (t) => {
  const { at } = await world(t, { table: table(members), limits: { tcp: { perClient: 0 } } })
  const asked = [framed(question({ name: 'hello.demo.internal', type: 1 }))]
  await assert.rejects(overTcp(at, asked, { source: '127.0.0.2', count: 1 }))
})

test('an answer too long for a datagram is cut, and whole over TCP', async (t) => {
  const many = Array.from({ length: 100 }, (_, i) =>
    member({ tenant: 'demo', name: 'web', id: `web-${i}`, address: `127.0.0.${i + 10}` }),
  )
  const { at } = await world(t, { table: table(many) })
  const asked = { name: 'web.demo.internal', type: TYPE.A, edns: true }
  const short = await askUdp(at, asked, '127.0.0.10')
  assert.equal(short.message.flags & 0x0200, 0x0200)
  assert.equal(short.answers.length, 0)
  assert.equal(short.message.additionals[0]?.type, TYPE.OPT)
  assert.equal((await askTcp(at, asked, '127.0.0.10')).answers.length, 100)
})

test('listen() takes all addresses or none', async (t) => {
  const { dns, at } = await world(t, { table: table(members) })
  const { signal } = new AbortController()
  const taken = [{ host: '127.2.0.2', port: 0 }, at]
  const second = (await world(t, {})).dns
  await assert.rejects(second.listen(taken, { reusePort: false }, signal))
  assert.equal(dns.counters().connections, 0)
})

test('close() ends what listens', async (t) => {
  const { dns, at } = await world(t, { table: table(members) })
  await dns.close(1000)
  const asked = [framed(question({ name: 'hello.demo.internal', type: 1 }))]
  await assert.rejects(overTcp(at, asked, { source: '127.0.0.2', count: 1 }), /ECONNREFUSED/)
})

function ids(got: readonly Buffer[]): number[] {
  return got.map((each) => told(each).message.id)
}

test('a socket of both families answers IPv4 clients, and knows them by their address', async (t) => {
  const { dns } = await world(t, { table: table(members) })
  const { signal } = new AbortController()
  const bound = await dns.listen([{ host: '::', port: 0 }], { reusePort: false }, signal)
  const { port } = bound.at(-1) ?? { port: 0 }
  const asked = { name: 'hello.demo.internal', type: TYPE.A }
  for (const ask of [askUdp, askTcp]) {
    const { answers } = await ask({ host: '127.0.0.1', port }, asked, '127.0.0.2')
    assert.deepEqual(answers, ['hello.demo.internal 1 127.0.0.2'])
  }
})
