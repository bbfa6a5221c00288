import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RCODE, TYPE } from '../../../proxy/core/dns-wire.ts'
import { askTcp, askUdp, overTcp, question, told } from './client.ts'
import { framed } from '../../../proxy/core/dns-frames.ts'
import { HOST_SOURCE, member, table, world } from './world.ts'

const members = [
  member({ tenant: 'demo', name: 'hello', address: '127.0.0.2' }),
  member({ tenant: 'other', name: 'shop', address: '127.0.0.3' }),
]
const SECONDARY = '127.1.0.9'
const ZONE = { name: 'cloud.local', type: TYPE.AXFR }

test('the host is told that apps are where the ingress is', async (t) => {
  const { at } = await world(t, { table: table(members), ingress: '::' })
  const asked = { name: 'hello.demo.cloud.local', type: TYPE.A }
  const { answers } = await askUdp(at, asked, HOST_SOURCE)
  assert.deepEqual(answers, ['hello.demo.cloud.local 1 127.0.0.1'])
  assert.equal((await askUdp(at, asked, '127.0.0.2')).rcode, RCODE.NXDOMAIN)
})

test('who may keep a copy gets the whole zone between two of its SOA, over TCP', async (t) => {
  const secondaries = [SECONDARY]
  const { at, dns } = await world(t, { table: table(members), ingress: '192.0.2.7', secondaries })
  for (const type of [TYPE.AXFR, TYPE.IXFR]) {
    const { answers, rcode, message } = await askTcp(at, { ...ZONE, type }, SECONDARY)
    assert.equal(rcode, RCODE.NOERROR)
    assert.equal(message.flags & 0x8400, 0x8400)
    assert.deepEqual(answers, [
      'cloud.local 6 SOA',
      'cloud.local 2 cloud.local',
      'cloud.local 1 192.0.2.7',
      'hello.demo.cloud.local 1 192.0.2.7',
      'shop.other.cloud.local 1 192.0.2.7',
      'cloud.local 6 SOA',
    ])
  }
  assert.equal(dns.counters().transfers, 2)
})

test('a zone of thousands of names comes in several messages', async (t) => {
  const many = Array.from({ length: 2000 }, (_, i) =>
    member({ tenant: 'demo', name: `web-${i}`, id: `${i}`, address: `127.5.${i >> 8}.${i & 255}` }),
  )
  const secondaries = [SECONDARY]
  const { at } = await world(t, { table: table(many), ingress: '192.0.2.7', secondaries })
  const source = { source: SECONDARY, count: 4 }
  const parts = (await overTcp(at, [framed(question(ZONE))], source)).map(told)
  const all = parts.flatMap(({ answers }) => answers)
  assert.equal(all.length, 2004)
  assert.deepEqual([all.at(0), all.at(-1)], ['cloud.local 6 SOA', 'cloud.local 6 SOA'])
  assert.equal(new Set(all).size, 2003)
})

test('nobody else gets a zone, nor anybody one of the names inside, nor by datagram', async (t) => {
  const secondaries = [SECONDARY]
  const { at } = await world(t, { table: table(members), ingress: '192.0.2.7', secondaries })
  const refused = [
    await askTcp(at, ZONE, HOST_SOURCE),
    await askTcp(at, ZONE, '127.0.0.2'),
    await askUdp(at, ZONE, SECONDARY),
    await askTcp(at, { ...ZONE, name: 'demo.internal' }, SECONDARY),
    await askTcp(at, { ...ZONE, name: 'internal' }, SECONDARY),
    await askTcp(at, { ...ZONE, name: 'hello.demo.cloud.local' }, SECONDARY),
  ]
  for (const { rcode, answers } of refused) assert.deepEqual([rcode, answers], [RCODE.REFUSED, []])
})
