import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Answer } from '../../../proxy/core/dns-answer.ts'
import { nameKey } from '../../../proxy/core/dns-name.ts'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import type { Member, Place, RouteTable } from '../../../proxy/core/route-table.ts'
import {
  compileZone,
  HOST,
  NO_TABLE,
  resolve,
  UNKNOWN,
  type Zone,
} from '../../../proxy/core/zone.ts'

const place = (network: string, address: string, ...aliases: string[]): Place => ({
  network,
  address,
  aliases,
})

function member(name: string, places: readonly Place[], fields: Partial<Member> = {}): Member {
  const address = places[0]?.address ?? ''
  const rest = { tenant: 'demo', state: 'running', run: 1, port: null, check: null } as const
  return { id: name, name, address, places, ...rest, ...fields }
}

const zoneOf = (
  members: readonly Member[],
  more: Pick<RouteTable, 'outside' | 'peers'> = {},
): Zone => compileZone({ ...NO_TABLE, version: 1, pool: '10.208.0.0/12', members, ...more }, [])

/** What the one with that address is told: addresses, the text of other data, or why nothing. */
function told(zone: Zone, from: string, asked: string): string {
  const [name = '', type = 'A'] = asked.split(' ')
  const view = from === 'host' ? HOST : (zone.views.get(from) ?? UNKNOWN)
  const found = resolve(zone, view, { key: nameKey(name) ?? '', type: TYPES[type] ?? 0 })
  return found === 'forward' ? found : text(found)
}

const TYPES: Readonly<Record<string, number>> = TYPE

function text({ rcode, answers, bytes, start, end }: Answer): string {
  const records = bytes.subarray(start, end)
  if (rcode === 3) return 'no name'
  if (answers === 0) return rcode === 5 ? 'refused' : 'no data'
  const data: string[] = []
  for (let at = 0; at < records.length;) {
    const length = records.readUInt16BE(at + 10)
    const rdata = records.subarray(at + 12, at + 12 + length)
    const isAddress = records.readUInt16BE(at + 2) === TYPE.A
    // oxlint-disable-next-line no-control-regex -- lengths of labels stand between them
    data.push(isAddress ? rdata.join('.') : rdata.toString('latin1').replaceAll(/[\0-\x1f]+/g, ' '))
    at += 12 + length
  }
  return data.join(', ')
}

const ZONE = zoneOf([
  member('web', [place('front', '10.208.1.2')], {
    port: 8080,
    ports: [{ port: 53, protocol: 'udp' }],
  }),
  member('app', [place('front', '10.208.1.3'), place('back', '192.168.7.3', 'backend')]),
  member('db', [place('back', '192.168.7.2', 'store')]),
  member('old', [place('front', '10.208.1.4')], { state: 'stopped' }),
])
const [WEB, APP, DB] = ['10.208.1.2', '10.208.1.3', '192.168.7.2'] as const

test('a name is known to those who share a network with it, at the addresses that they share', () => {
  for (const [from, name, expected] of [
    [WEB, 'web', WEB],
    [WEB, 'app', APP],
    [WEB, 'db', 'no name'],
    [APP, 'db', DB],
    [APP, 'app', '10.208.1.3, 192.168.7.3'],
    // It may ask from either of its addresses.
    ['192.168.7.3', 'web', WEB],
    [DB, 'app', '192.168.7.3'],
    [DB, 'web', 'no name'],
    ['host', 'app', '10.208.1.3, 192.168.7.3'],
    ['10.208.1.99', 'web', 'no name'],
  ] as const) {
    assert.equal(told(ZONE, from, `${name}.demo.internal`), expected, `${from} asks for ${name}`)
  }
})

test('names of peered networks are known on both sides, and no further', () => {
  const zone = zoneOf(
    [
      member('web', [place('front', '10.208.1.2')]),
      member('db', [place('back', '10.208.2.2')]),
      member('far', [place('beyond', '10.208.3.2'), place('home', '10.208.4.2')], {
        tenant: 'zeta',
      }),
    ],
    {
      peers: [
        ['front', 'back'],
        ['beyond', 'back'],
      ],
    },
  )
  assert.equal(told(zone, '10.208.1.2', 'db.demo.internal'), '10.208.2.2')
  assert.equal(told(zone, '10.208.2.2', 'web.demo.internal'), '10.208.1.2')
  assert.equal(told(zone, '10.208.2.2', 'far.zeta.internal'), '10.208.3.2')
  assert.equal(told(zone, '10.208.3.2', 'db.demo.internal'), '10.208.2.2')
  assert.equal(told(zone, '10.208.1.2', 'far.zeta.internal'), 'no name')
  assert.equal(told(zone, '10.208.3.2', 'web.demo.internal'), 'no name')
})

test('names of the world are said to those whose network names them, and asked for by all others', () => {
  const name = 'api.example.com'
  const zone = zoneOf(
    [member('web', [place('front', '10.208.1.2')]), member('db', [place('back', '10.208.2.2')])],
    {
      peers: [['front', 'back']],
      outside: [{ network: 'front', name, addresses: ['203.0.113.7', '203.0.113.8'] }],
    },
  )
  assert.equal(told(zone, '10.208.1.2', name), '203.0.113.7, 203.0.113.8')
  assert.equal(told(zone, '10.208.1.2', `${name} AAAA`), 'no data')
  assert.equal(told(zone, '10.208.1.2', `www.${name}`), 'forward')
  assert.equal(told(zone, '10.208.2.2', name), 'forward')
})

test('an alias is known in its network alone, and leads to the address there', () => {
  assert.equal(told(ZONE, DB, 'backend.demo.internal'), '192.168.7.3')
  assert.equal(told(ZONE, APP, 'backend.demo.internal'), '192.168.7.3')
  assert.equal(told(ZONE, WEB, 'backend.demo.internal'), 'no name')
  assert.equal(told(ZONE, APP, 'store.demo.internal'), DB)
})

test('all.<name> has also those who get no traffic, for the same who know the name', () => {
  assert.equal(told(ZONE, WEB, 'old.demo.internal'), 'no data')
  assert.equal(told(ZONE, WEB, 'all.old.demo.internal'), '10.208.1.4')
  assert.equal(told(ZONE, DB, 'all.app.demo.internal'), '192.168.7.3')
  assert.equal(told(ZONE, DB, 'all.old.demo.internal'), 'no name')
})

test('SRV says ports under their numbers, and that of an app under http', () => {
  for (const name of ['_http._tcp', '_8080._tcp', '_53._udp']) {
    assert.match(told(ZONE, WEB, `${name}.web.demo.internal SRV`), /web demo internal/)
    assert.equal(told(ZONE, DB, `${name}.web.demo.internal SRV`), 'no name')
  }
  assert.equal(told(ZONE, WEB, '_tcp.web.demo.internal SRV'), 'no data')
  assert.equal(told(ZONE, WEB, '_81._tcp.web.demo.internal SRV'), 'no name')
})

test('TXT of _apps lists what the asker can know', () => {
  const list = (from: string) => told(ZONE, from, '_apps.demo.internal TXT').trim()
  assert.equal(list(WEB), 'name=web port=8080,  name=app,  name=old')
  assert.equal(list(DB), 'name=app,  name=db')
  assert.match(list('host'), /name=web port=8080.*name=app.*name=db.*name=old/)
  assert.equal(told(zoneOf([]), 'host', '_apps.demo.internal TXT'), 'no name')
})

test('every address has its name, inside the pool and outside, for those of its network', () => {
  assert.match(told(ZONE, WEB, '3.1.208.10.in-addr.arpa PTR'), /app demo internal/)
  assert.match(told(ZONE, DB, '3.7.168.192.in-addr.arpa PTR'), /app demo internal/)
  assert.equal(told(ZONE, WEB, '2.7.168.192.in-addr.arpa PTR'), 'no name')
})

test('whoever asks from a range of networks, and is nobody’s member, is told nothing', () => {
  const table = { ...NO_TABLE, version: 1, pool: '10.208.0.0/12', ranges: ['192.168.7.0/24'] }
  assert.equal(compileZone(table, []).ranges.length, 1)
})

const aPlace = fc.record({
  network: fc.constantFrom('a', 'b', 'c'),
  host: fc.integer({ min: 2, max: 60 }),
})
const aMember = fc.record({
  name: fc.constantFrom('x', 'y', 'z'),
  tenant: fc.constantFrom('demo', 'other'),
  places: fc.uniqueArray(aPlace, {
    minLength: 1,
    maxLength: 3,
    selector: ({ network }) => network,
  }),
})

test('whatever networks there are, who asks is told the addresses of the name that they share, and no others', () => {
  fc.assert(
    fc.property(fc.array(aMember, { minLength: 1, maxLength: 8 }), (drawn) => {
      const members = drawn.map(({ name, tenant, places }, i) =>
        member(
          name,
          places.map(({ network }, j) => place(`${tenant}-${network}`, `10.208.${i}.${j + 2}`)),
          { tenant, id: String(i) },
        ),
      )
      const zone = zoneOf(members)
      for (const asker of members) {
        const mine = new Set(asker.places?.map(({ network }) => network))
        for (const name of ['x', 'y', 'z']) {
          const shared = members
            .filter((one) => one.tenant === asker.tenant && one.name === name)
            .flatMap(({ places = [] }) => places)
            .filter(({ network }) => mine.has(network))
            .map(({ address }) => address)
          const answer = told(zone, asker.address, `${name}.${asker.tenant}.internal`)
          const found = answer === 'no name' ? [] : answer.split(', ')
          assert.deepEqual(found.toSorted(), shared.toSorted())
          const foreign = asker.tenant === 'demo' ? 'other' : 'demo'
          assert.equal(told(zone, asker.address, `${name}.${foreign}.internal`), 'no name')
        }
      }
    }),
    { numRuns: 200 },
  )
})
