import assert from 'node:assert/strict'
import { test } from 'node:test'
import { egressNames } from '../../src/reconcile/egress-names.ts'
import { FakeOutsideNames } from '../fakes/outside-names.ts'
import { HandTime } from '../fakes/timers.ts'
import { NetworkCreate } from '../../src/contract/networks.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { until, world } from '../support/world.ts'

const API = 'api.example.com'
const of = (address: string, ttlSeconds = 60) => ({ address, ttlSeconds })

function setUp() {
  const outside = new FakeOutsideNames()
  const time = new HandTime()
  const names = egressNames({ outside, clock: time, timers: time, log: () => undefined })
  let changes = 0
  names.onChange(() => (changes += 1))
  return {
    outside,
    names,
    changes: () => changes,
    /** So many seconds later, with all that was due done. */
    later: async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds; i++) {
        time.advance(1000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

test('a name is resolved when it is wanted first, and again when its time is over', async () => {
  const { outside, names, later, changes } = setUp()
  outside.all.set(API, [of('203.0.113.7', 45)])
  names.want(new Set([API]))
  await later(1)
  assert.deepEqual(names.addressesOf(API), ['203.0.113.7'])
  assert.equal(changes(), 1)
  outside.all.set(API, [of('203.0.113.8', 45)])
  await later(40)
  assert.equal(outside.asked.length, 1, 'its time is not over')
  await later(8)
  assert.equal(outside.asked.length, 2)
  assert.equal(changes(), 2)
})

test('an address that is answered no more holds for a minute, and then no longer', async () => {
  const { outside, names, later } = setUp()
  outside.all.set(API, [of('203.0.113.7', 1)])
  names.want(new Set([API]))
  await later(1)
  outside.all.set(API, [of('203.0.113.8', 1)])
  await later(32)
  assert.deepEqual(names.addressesOf(API), ['203.0.113.7', '203.0.113.8'])
  await later(64)
  assert.deepEqual(names.addressesOf(API), ['203.0.113.8'])
})

test('where nobody can be asked, what was known holds, and it is tried again soon', async () => {
  const { outside, names, later } = setUp()
  outside.all.set(API, [of('203.0.113.7', 30)])
  names.want(new Set([API]))
  await later(1)
  outside.isAway = true
  await later(200)
  assert.deepEqual(names.addressesOf(API), ['203.0.113.7'])
  outside.isAway = false
  outside.all.set(API, [of('203.0.113.9', 30)])
  await later(12)
  assert.ok(names.addressesOf(API).includes('203.0.113.9'))
})

test('what nobody wants any more is not asked for, and no name has more than sixteen addresses', async () => {
  const { outside, names, later } = setUp()
  outside.all.set(
    API,
    Array.from({ length: 40 }, (_, i) => of(`203.0.113.${i}`)),
  )
  names.want(new Set([API]))
  await later(1)
  assert.equal(names.addressesOf(API).length, 16)
  names.want(new Set())
  assert.deepEqual(names.addressesOf(API), [])
  const asked = outside.asked.length
  await later(400)
  assert.equal(outside.asked.length, asked)
})

test('a network that names a host opens its addresses, and the edge says these to its containers', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  at.outsideNames.all.set(API, [of('203.0.113.7')])
  const egress = [{ name: API, protocol: 'tcp' as const, ports: '443' }]
  const asking = { tenant: 'acme', actor: PLATFORM, caller: { tenant: null } }
  const made = NetworkCreate.parse({ name: 'out', egress })
  const { id, cidr } = await at.control.ofNetworks.create(asking, made)
  await at.create('acme', { networks: [{ name: 'out' }] })
  await until('the filter knows the name', () => {
    at.time.advance(1000)
    return at.firewall.set('egress_rules').length > 0
  })
  assert.deepEqual(at.firewall.set('egress_rules'), [`${cidr} . 203.0.113.7/32 . tcp . 443-443`])
  await until('the edge knows it', () => at.edge.tables.at(-1)?.outside?.length === 1)
  assert.deepEqual(at.edge.tables.at(-1)?.outside, [
    { network: id, name: API, addresses: ['203.0.113.7'] },
  ])
  const { egressNames: shown } = await at.control.ofNetworks.get('acme', 'out')
  assert.deepEqual(shown, [{ name: API, addresses: ['203.0.113.7'] }])
})
