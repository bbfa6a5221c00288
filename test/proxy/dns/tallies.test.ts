import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import { QUESTION, RCODES } from '../../../src/core/request-meter.ts'
import { askUdp } from './client.ts'
import { answered, upstreamServer } from './upstream-server.ts'
import { HOST_SOURCE, member, table, world } from './world.ts'

const WEB = '127.0.0.2'

test('questions are counted for the tenant of whoever asks, with what came of them', async (t) => {
  const upstream = await upstreamServer({ udp: (query) => [answered(query, [1])] })
  t.after(() => upstream.close())
  const members = [member({ tenant: 'demo', name: 'hello', address: WEB })]
  const { at, dns } = await world(t, { table: table(members), resolvers: [upstream.text] })
  const { A: type } = TYPE
  await askUdp(at, { name: 'hello.demo.internal', type }, WEB)
  await askUdp(at, { name: 'none.demo.internal', type }, WEB)
  await askUdp(at, { name: 'www.example.com', type }, WEB)
  await askUdp(at, { name: 'www.example.com', type }, WEB)
  await askUdp(at, { name: 'hello.demo.internal', type }, HOST_SOURCE)
  const { series } = dns.measures(0, () => true)
  const of = (tenant: string) => series.find((one) => one.tenant === tenant)?.numbers ?? []
  const numbers = of('demo')
  const codes = Object.fromEntries(
    RCODES.map((name, i) => [name, numbers[QUESTION.answers + i]] as const),
  )
  assert.equal(numbers[QUESTION.questions], 4)
  assert.deepEqual([codes['noerror'], codes['nxdomain'], codes['servfail']], [3, 1, 0])
  assert.equal(numbers[QUESTION.forwarded], 2)
  assert.equal(numbers[QUESTION.cacheHits], 1)
  assert.equal(numbers[QUESTION.cacheMisses], 1)
  assert.equal(of('')[QUESTION.questions], 1)
})

test('a question that nobody answers is counted as that, and as SERVFAIL', async (t) => {
  const members = [member({ tenant: 'demo', name: 'hello', address: WEB })]
  const { at, dns } = await world(t, { table: table(members) })
  await askUdp(at, { name: 'www.example.com', type: TYPE.A }, WEB)
  const [numbers = []] = dns.measures(0, () => true).series.map((one) => one.numbers)
  assert.equal(numbers[QUESTION.unanswered], 1)
  assert.equal(numbers[QUESTION.answers + RCODES.indexOf('servfail')], 1)
})
