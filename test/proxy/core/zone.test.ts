import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../../proxy/core/dns-answer.ts'
import { nameKey } from '../../../proxy/core/dns-name.ts'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import type { HealthReport, Member, MemberCheck } from '../../../proxy/core/route-table.ts'
import {
  compileZone,
  HOST,
  NO_TABLE,
  OUTSIDER,
  resolve,
  UNKNOWN,
  type View,
  type Zone,
} from '../../../proxy/core/zone.ts'

const CHECK: MemberCheck = {
  kind: 'tcp',
  port: 80,
  path: '/',
  intervalMs: 1000,
  timeoutMs: 1000,
  retries: 3,
  startPeriodMs: 0,
}

function member(name: string, address: string, fields: Partial<Member> = {}): Member {
  const [tenant = '', own = ''] = name.split('/')
  const rest = { state: 'running', run: 1, port: 80, check: null } as const
  return { id: name, tenant, name: own, address, ...rest, ...fields }
}

function zoneOf(members: readonly Member[], health: readonly HealthReport[] = []): Zone {
  const tenants = ['demo', 'other', 'empty']
  return compileZone({ ...NO_TABLE, version: 9, pool: '10.208.0.0/12', tenants, members }, health)
}

const ZONE = zoneOf([
  member('demo/hello', '10.208.0.10'),
  member('other/secret', '10.209.0.10'),
  member('demo/late', '10.208.0.11', { state: 'starting' }),
  member('demo/gone', '10.208.0.12', { state: 'stopped' }),
  member('demo/unpaid', '10.208.0.13', { state: 'suspended' }),
])

/** `forward`, the response code, or the data of the records. */
function says(zone: Zone, view: View, asked: string): string {
  const [name = '', type = 'A'] = asked.split(' ')
  const key = nameKey(name) ?? ''
  const found = resolve(zone, view, { key, type: TYPES[type] ?? 0 })
  return found === 'forward' ? found : text(found)
}

const TYPES: Readonly<Record<string, number>> = { ...TYPE, HTTPS: 65, TXT: 16 }

function text(answer: Answer): string {
  const { rcode, answers, authorities } = answer
  const records = answer.bytes.subarray(answer.start, answer.end)
  if (rcode === 3) return authorities === 1 ? 'no name' : 'no name, and no SOA'
  if (rcode === 5) return 'refused'
  if (answers === 0) return authorities === 1 ? 'no data' : 'no data, and no SOA'
  const type = records.readUInt16BE(2)
  if (type === TYPE.A) {
    return Array.from({ length: answers }, (_, i) =>
      records.subarray(i * 16 + 12, i * 16 + 16).join('.'),
    ).join(' ')
  }
  return `${answers} of type ${type}`
}

const DEMO = ZONE.views.get('10.208.0.10') ?? UNKNOWN
const OTHER = ZONE.views.get('10.209.0.10') ?? UNKNOWN

test('resolve() answers each tenant with its own names and denies those of others', () => {
  const asked = [
    'hello.demo.internal',
    'secret.other.internal',
    'demo.internal SOA',
    'other.internal SOA',
  ]
  const heard = (view: View): string[] => asked.map((each) => says(ZONE, view, each))
  assert.deepEqual(heard(DEMO), ['10.208.0.10', 'no name', '1 of type 6', 'no name'])
  assert.deepEqual(heard(OTHER), ['no name', '10.209.0.10', 'no name', '1 of type 6'])
  assert.deepEqual(heard(UNKNOWN), ['no name', 'no name', 'no name', 'no name'])
  for (const view of [HOST, OUTSIDER]) {
    assert.deepEqual(heard(view), ['10.208.0.10', '10.209.0.10', '1 of type 6', '1 of type 6'])
  }
})

function denied(name: string): Answer | 'forward' {
  return resolve(ZONE, DEMO, { key: nameKey(name) ?? '', type: TYPE.A })
}

test('resolve() denies a foreign tenant and one that does not exist with the same answer', () => {
  const nobody = denied('secret.nobody.internal')
  for (const name of [
    'secret.other.internal',
    'missing.other.internal',
    'x.empty.internal',
    'other.internal',
  ]) {
    assert.equal(denied(name), nobody, name)
  }
  assert.notEqual(denied('missing.demo.internal'), nobody)
})

test('resolve() tells what is not there from what has no such record', () => {
  const heard = {
    'hello.demo.internal AAAA': 'no data',
    'hello.demo.internal HTTPS': 'no data',
    'hello.demo.internal TXT': 'no data',
    'hello.demo.internal ANY': '10.208.0.10',
    'late.demo.internal ANY': 'no data',
    'missing.demo.internal': 'no name',
    'below.hello.demo.internal': 'no name',
    'demo.internal': 'no data',
    'demo.internal NS': '1 of type 2',
    'internal SOA': '1 of type 6',
    internal: 'no data',
  }
  for (const [asked, answer] of Object.entries(heard))
    assert.equal(says(ZONE, DEMO, asked), answer, asked)
})

test('resolve() gives only running members, whatever the others are about to be', () => {
  assert.equal(says(ZONE, DEMO, 'late.demo.internal'), 'no data')
  assert.equal(says(ZONE, DEMO, 'gone.demo.internal'), 'no data')
  assert.equal(says(ZONE, DEMO, 'unpaid.demo.internal'), 'no data')
  // They all may ask, though.
  for (const last of [11, 12]) assert.equal(ZONE.views.get(`10.208.0.${last}`)?.tenant, 'demo')
})

function report(id: string, run: number, healthy: boolean): HealthReport {
  return { id, run, healthy, reason: '' }
}

test('resolve() gives the healthy of several members, by a report about their present run', () => {
  const members = [10, 11, 12, 13].map((n) =>
    member('demo/web', `10.208.0.${n}`, { id: `web-${n}`, run: 2, check: n === 10 ? null : CHECK }),
  )
  const zone = zoneOf(members, [
    report('web-11', 2, true),
    report('web-12', 1, true),
    report('web-13', 2, false),
  ])
  assert.equal(says(zone, HOST, 'web.demo.internal'), '10.208.0.10 10.208.0.11')
})

test('resolve() knows the reverse of each address, for those who may know its name', () => {
  assert.equal(says(ZONE, DEMO, '10.0.208.10.in-addr.arpa PTR'), '1 of type 12')
  assert.equal(says(ZONE, DEMO, '12.0.208.10.in-addr.arpa PTR'), '1 of type 12')
  assert.equal(says(ZONE, DEMO, '10.0.209.10.in-addr.arpa PTR'), 'no name')
  assert.equal(says(ZONE, OTHER, '10.0.209.10.in-addr.arpa PTR'), '1 of type 12')
  assert.equal(says(ZONE, DEMO, '9.0.208.10.in-addr.arpa PTR'), 'no name')
  // The name between is there with its children, to those to whom these are.
  assert.equal(says(ZONE, DEMO, '0.208.10.in-addr.arpa PTR'), 'no data')
  assert.equal(says(ZONE, OTHER, '0.208.10.in-addr.arpa PTR'), 'no name')
  assert.equal(says(ZONE, DEMO, '208.10.in-addr.arpa SOA'), '1 of type 6')
  assert.equal(says(ZONE, DEMO, '223.10.in-addr.arpa SOA'), '1 of type 6')
  assert.equal(says(ZONE, DEMO, '224.10.in-addr.arpa SOA'), 'no name')
})

test('resolve() keeps private and special names inside', () => {
  const inside = [
    'x.internal',
    'hello.demo.cloud.local',
    'a.onion',
    'b.invalid',
    'printer.home.arpa',
  ]
  const reverse = [
    '1.1.168.192.in-addr.arpa',
    '9.9.31.172.in-addr.arpa',
    '1.0.0.100.100.in-addr.arpa',
  ]
  for (const name of [...inside, ...reverse]) assert.equal(says(ZONE, DEMO, name), 'no name', name)
  const outside = [
    'example.com',
    '1.1.32.172.in-addr.arpa',
    '8.8.8.8.in-addr.arpa',
    'notinternal',
    '.',
  ]
  for (const name of outside) {
    assert.equal(says(ZONE, DEMO, name), 'forward', name)
    assert.equal(says(ZONE, HOST, name), 'forward', name)
    assert.equal(says(ZONE, UNKNOWN, name), 'refused', name)
    assert.equal(says(ZONE, OUTSIDER, name), 'refused', name)
  }
})

test('resolve() takes localhost and every name below it for the machine itself', () => {
  for (const name of ['localhost', 'hello.demo.localhost']) {
    assert.equal(says(ZONE, DEMO, name), '127.0.0.1')
    assert.equal(says(ZONE, DEMO, `${name} AAAA`), '1 of type 28')
    assert.equal(says(ZONE, DEMO, `${name} TXT`), 'no data')
  }
  assert.equal(says(ZONE, DEMO, '1.0.0.127.in-addr.arpa PTR'), '1 of type 12')
})

test('compileZone() leaves out members of which no name can be made', () => {
  const zone = zoneOf([
    member('demo/ok', '10.208.0.10'),
    member('demo/bad.name', '10.208.0.11'),
    member('demo/', '10.208.0.12'),
    member('demo/far', '300.1.1.1'),
    member('-x/ok', '10.208.0.13'),
  ])
  assert.equal(zone.views.size, 1)
  assert.equal(says(zone, HOST, 'ok.demo.internal'), '10.208.0.10')
})

test('compileZone() takes an address that two members have for the one still alive', () => {
  const alive = member('demo/hello', '10.208.0.10')
  const gone = member('other/secret', '10.208.0.10', { state: 'stopped' })
  for (const members of [
    [alive, gone],
    [gone, alive],
  ]) {
    const zone = zoneOf(members)
    assert.equal(zone.views.get('10.208.0.10')?.tenant, 'demo')
    const other: View = { tenant: 'other', forward: true }
    assert.equal(says(zone, other, '10.0.208.10.in-addr.arpa PTR'), 'no name')
  }
})

test('compileZone() accepts a domain of several labels', () => {
  const members = [member('demo/hello', '10.208.0.10')]
  const zone = compileZone(
    { ...NO_TABLE, internalDomain: 'in.example.com', pool: '10.208.0.0/12', members },
    [],
  )
  assert.equal(says(zone, HOST, 'hello.demo.in.example.com'), '10.208.0.10')
  assert.equal(says(zone, HOST, 'hello.demo.internal'), 'no name')
  assert.equal(says(zone, HOST, 'example.com'), 'forward')
})
