import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsAnswer } from '../../../proxy/core/dns-answer.ts'
import { block, ipv4, ipv4Bytes } from '../../../proxy/core/dns-address.ts'
import { nameKey, nameText } from '../../../proxy/core/dns-name.ts'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import { ingressAddress } from '../../../proxy/core/ingress-address.ts'
import {
  compileZone,
  HOST,
  NO_TABLE,
  OUTSIDER,
  resolve,
  UNKNOWN,
  type View,
} from '../../../proxy/core/zone.ts'
import { member } from '../dns/world.ts'

const members = [
  member({ tenant: 'demo', name: 'hello', address: '10.208.0.2' }),
  member({ tenant: 'demo', name: 'db', address: '10.208.0.3', port: null }),
]
const zone = compileZone(
  {
    ...NO_TABLE,
    version: 7,
    domains: ['cloud.local', 'localhost'],
    pool: '10.208.0.0/12',
    members,
  },
  [],
)
const INGRESS = recordsAnswer(TYPE.A, 5, [ipv4Bytes(ipv4('192.0.2.7') ?? 0)])

/** The address that a view is told, or why none. */
function told(view: View, name: string, type: number = TYPE.A): string {
  const found = resolve(zone, view, { key: nameKey(name) ?? '', type })
  if (found === 'forward') return found
  if (found.rcode === 3) return 'no name'
  if (found.answers === 0) return found.rcode === 5 ? 'refused' : 'no data'
  return type === TYPE.A ? found.bytes.subarray(found.end - 4, found.end).join('.') : 'some'
}

test('every app is at the ingress for the host and those who reach it, and so is the domain', () => {
  for (const view of [HOST, OUTSIDER]) {
    const near = { ...view, ingress: INGRESS }
    for (const name of ['hello.demo.cloud.local', 'cloud.local']) {
      assert.equal(told(near, name), '192.0.2.7', name)
      assert.equal(told(view, name), 'no data', name)
    }
    assert.equal(told(near, 'hello.demo.cloud.local', TYPE.AAAA), 'no data')
    assert.equal(told(near, 'hello.demo.cloud.local', TYPE.ANY), 'some')
    assert.equal(told(near, 'cloud.local', TYPE.SOA), 'some')
    assert.equal(told(near, 'demo.cloud.local'), 'no data')
    for (const name of ['db.demo.cloud.local', 'none.cloud.local', 'x.hello.demo.cloud.local']) {
      assert.equal(told(near, name), 'no name', name)
    }
  }
})

test('a container is not told where the ingress is: that is its network’s to say', () => {
  const demo = zone.views.get('10.208.0.2') ?? UNKNOWN
  assert.equal(demo.tenant, 'demo')
  for (const view of [demo, UNKNOWN]) {
    assert.equal(told(view, 'hello.demo.cloud.local'), 'no name')
    assert.equal(told(view, 'cloud.local', TYPE.SOA), 'no name')
  }
})

test('the names of a domain are listed for those who keep a copy of it', () => {
  const all = [...zone.published].map(([apex, hosts]) => [nameText(apex), hosts.map(nameText)])
  assert.deepEqual(all, [['cloud.local', ['cloud.local', 'hello.demo.cloud.local']]])
})

test('ingressAddress() is that of the host in the client’s own network', () => {
  const networks = [
    { address: '192.168.1.7', range: block('192.168.1.0/24') },
    { address: '10.0.0.7', range: block('10.0.0.0/8') },
  ].flatMap(({ address, range }) => (range === null ? [] : [{ address, range }]))
  const from = (client: string, ingress: string): string | null =>
    ingressAddress(client, { ingress, networks })
  for (const any of ['::', '0.0.0.0']) {
    assert.equal(from('127.0.0.1', any), '127.0.0.1')
    assert.equal(from('::1', any), '127.0.0.1')
    assert.equal(from('192.168.1.99', any), '192.168.1.7')
    assert.equal(from('10.9.9.9', any), '10.0.0.7')
    assert.equal(from('203.0.113.9', any), null)
    assert.equal(from('2001:db8::1', any), null)
  }
  assert.equal(from('203.0.113.9', '192.168.1.7'), '192.168.1.7')
  assert.equal(from('127.0.0.1', '127.0.0.1'), '127.0.0.1')
  assert.equal(from('192.168.1.99', '127.0.0.1'), null)
  assert.equal(from('192.168.1.99', '2001:db8::7'), null)
})
