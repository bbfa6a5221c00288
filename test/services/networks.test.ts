import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { NetworkCreate, type NetworkChange } from '../../src/contract/networks.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { parseCidr } from '../../src/core/cidr.ts'
import { Failure } from '../../src/core/failure.ts'
import { runs, until, world, type World } from '../support/world.ts'

const REST_MS = 10 * 60_000
const OPERATOR = { tenant: null }

const asking = (tenant: string) => ({
  tenant,
  actor: PLATFORM,
  caller: { tenant: { id: '', slug: tenant } },
})

const create = (at: World, tenant: string, wanted: z.input<typeof NetworkCreate>) =>
  at.control.ofNetworks.create(asking(tenant), NetworkCreate.parse(wanted))

/** Of acme. */
const update = (at: World, network: string, change: NetworkChange) =>
  at.control.ofNetworks.update({ ...asking('acme'), network }, change)

const remove = (at: World, tenant: string, network: string) =>
  at.control.ofNetworks.delete({ tenant, actor: PLATFORM, network })

async function refusal(made: Promise<unknown>): Promise<Failure> {
  const [settled] = await Promise.allSettled([made])
  assert.ok(settled.status === 'rejected', 'it was admitted')
  assert.ok(settled.reason instanceof Failure, String(settled.reason))
  return settled.reason
}

const inNetwork = async (at: World, tenant: string, network: string): Promise<string[]> =>
  (await at.control.ofNetworks.get(tenant, network)).members.map(({ name }) => name)

test('a network without a range gets a free one of the pool, and one with a range gets that', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const picked = await create(at, 'acme', { name: 'back' })
  assert.deepEqual(
    [picked.cidr, picked.gateway, picked.state],
    ['10.208.1.0/24', '10.208.1.1', 'pending'],
  )
  const named = await create(at, 'acme', { name: 'db', cidr: '192.168.7.0/28', labels: { a: 'b' } })
  assert.deepEqual([named.cidr, named.labels, named.egress], ['192.168.7.0/28', { a: 'b' }, 'open'])
  const { members, addresses } = await at.control.ofNetworks.get('acme', named.id)
  assert.deepEqual(members, [])
  assert.deepEqual(addresses, { first: '192.168.7.2', last: '192.168.7.11', total: 10, free: 10 })
})

test('a range that is anybody’s is refused, never says whose, and names the next', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.begin()
  await create(at, 'zeta', { name: 'theirs', cidr: '10.20.0.0/24' })
  const lan = parseCidr('192.168.1.0/24')
  at.firewall.ranges = lan ? [lan] : []
  at.host.networks.set('bridge', {
    instance: 'another',
    engineId: 'e',
    createdAt: new Date(0),
    wanted: {
      name: 'bridge',
      tenant: '',
      id: '',
      generation: 1,
      bridge: 'docker0',
      subnet: '172.17.0.0/16',
      gateway: '',
      engineRange: '',
    },
  })
  for (const [cidr, next] of [
    ['10.20.0.0/24', '10.20.1.0/24'],
    ['10.20.0.128/25', '10.20.1.0/25'],
    ['10.20.0.0/16', '10.21.0.0/16'],
    ['192.168.1.64/26', '192.168.2.0/26'],
    ['172.17.3.0/24', '172.18.0.0/24'],
    ['10.208.0.0/29', '10.208.1.0/29'],
  ] as const) {
    const { code, message, details } = await refusal(create(at, 'acme', { name: 'mine', cidr }))
    assert.equal(code, 'range-taken', cidr)
    assert.deepEqual(details, { cidr, next })
    assert.equal(message, `Cannot use ${cidr}: it is not free here; ${next} is`)
  }
})

test('what a network may not be is a wrong field', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const egress = [{ cidr: '10.0.0.0/8', protocol: 'tcp' as const, ports: '80' }]
  for (const [wanted, pointer] of [
    [{ cidr: '8.8.8.0/24' }, '#/cidr'],
    [{ cidr: '10.0.0.0/8' }, '#/cidr'],
    [{ zone: 'mars' }, '#/zone'],
    [{ smtp: true }, '#/smtp'],
    [{ egress }, '#/egress/0/cidr'],
  ] as const) {
    const { details } = await refusal(
      create(at, 'acme', {
        name: 'back',
        ...wanted,
        egress: 'egress' in wanted ? [...wanted.egress] : 'open',
      }),
    )
    assert.ok('errors' in details)
    assert.equal(details.errors[0]?.pointer, pointer)
  }
  const byOperator = { ...asking('acme'), caller: OPERATOR }
  const made = NetworkCreate.parse({ name: 'mail', smtp: true })
  assert.equal((await at.control.ofNetworks.create(byOperator, made)).smtp, true)
  // What the operator has opened stays, whatever else its tenant changes.
  assert.equal((await update(at, 'mail', { ingress: true })).smtp, true)
  assert.equal((await update(at, 'mail', { smtp: false })).smtp, false)
  assert.equal((await refusal(update(at, 'mail', { smtp: true }))).code, 'invalid-input')
})

test('a network takes its whole range of the quota, and gives it back when it is gone', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme', { networks: 2, addresses: 300 })
  await at.begin()
  await create(at, 'acme', { name: 'back' })
  const { details } = await refusal(create(at, 'acme', { name: 'more', cidr: '10.9.0.0/26' }))
  assert.deepEqual(details, {
    shortages: [{ resource: 'addresses', limit: 300, used: 256, requested: 64, scope: 'tenant' }],
  })
  await create(at, 'acme', { name: 'small', cidr: '10.9.0.0/29' })
  const { networks, addresses } = await at.reserved(id)
  assert.deepEqual([networks, addresses], [2, 264])
  assert.equal((await refusal(create(at, 'acme', { name: 'third' }))).code, 'quota-exceeded')
  await remove(at, 'acme', 'back')
  await until('it is given back', async () => (await at.reserved(id)).addresses === 8)
})

test('a network is deleted once nobody is in it, and again, and one that never was', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.begin()
  await at.create('zeta', { name: 'web' })
  const { id } = await create(at, 'zeta', { name: 'theirs' })
  const mine = await create(at, 'acme', { name: 'back' })
  for (const network of ['back', 'back', mine.id, 'nothing', id]) {
    assert.equal(await remove(at, 'acme', network), null)
  }
  assert.equal((await at.control.ofNetworks.get('zeta', id)).name, 'theirs')
  await at.quiet()
  assert.deepEqual((await at.control.ofNetworks.list('acme', { limit: 9 })).items, [])
  // The name is free at once, the range rests.
  const again = await create(at, 'acme', { name: 'back' })
  assert.notEqual(again.cidr, mine.cidr)
  const early = await refusal(create(at, 'acme', { name: 'early', cidr: mine.cidr }))
  assert.equal(early.code, 'range-taken')
  at.time.advance(REST_MS + 1)
  await create(at, 'acme', { name: 'late', cidr: mine.cidr })
})

test('the default network stays, and one with containers in it names them', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  assert.match((await refusal(remove(at, 'acme', 'default'))).message, /it goes with tenant "acme"/)
  await at.create('acme', {})
  const { id } = await at.control.ofNetworks.get('acme', 'default')
  assert.equal((await refusal(remove(at, 'acme', id))).code, 'state-conflict')
  assert.deepEqual(await inNetwork(at, 'acme', 'default'), ['web'])
})

test('the default network can be closed before its first container', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const made = await update(at, 'default', { egress: 'none' })
  assert.deepEqual([made.egress, made.generation], ['none', 2])
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  assert.deepEqual(await inNetwork(at, 'acme', 'default'), ['web'])
  assert.deepEqual(at.firewall.set('egress_open'), [])
})

test('the packet filter has what a network’s row says, as soon as it is changed', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  assert.equal(at.firewall.set('egress_open').length, 1)
  assert.deepEqual(at.firewall.set('ingress_open'), [])
  const egress = [{ cidr: '203.0.113.0/24', protocol: 'tcp' as const, ports: '20-30' }]
  await update(at, 'default', { egress, ingress: true })
  await until('it is asserted', () => at.firewall.set('ingress_open').length === 1)
  assert.deepEqual(at.firewall.set('egress_open'), [])
  assert.deepEqual(at.firewall.set('egress_rules'), [
    '10.208.1.0/24 . 203.0.113.0/24 . tcp . 20-24',
    '10.208.1.0/24 . 203.0.113.0/24 . tcp . 26-30',
  ])
})

test('lists are in pages by name, and by label and beginning', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  for (const name of ['c', 'a', 'b', 'bb']) {
    await create(at, 'acme', { name, labels: name.startsWith('b') ? { tier: 'back' } : {} })
  }
  const names = async (query: {
    label?: string
    name?: string
    cursor?: string
    limit?: number
  }) => {
    const { items, nextCursor } = await at.control.ofNetworks.list('acme', { limit: 2, ...query })
    return [...items.map(({ name }) => name), nextCursor]
  }
  assert.deepEqual(await names({}), ['a', 'b', 'b'])
  assert.deepEqual(await names({ cursor: 'b' }), ['bb', 'c', 'c'])
  assert.deepEqual(await names({ label: 'tier=back', limit: 9 }), ['b', 'bb', null])
  assert.deepEqual(await names({ label: 'tier=front' }), [null])
  assert.deepEqual(await names({ name: 'bb' }), ['bb', null])
})

test('a pool that is used up says so, and a name is taken once', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await create(at, 'acme', { name: 'back' })
  assert.equal((await refusal(create(at, 'acme', { name: 'back' }))).code, 'name-taken')
  const pool = [
    '10.208.1.0/24',
    '10.208.2.0/23',
    '10.208.4.0/22',
    '10.208.8.0/21',
    '10.208.16.0/20',
    '10.208.32.0/19',
    '10.208.64.0/18',
    '10.208.128.0/17',
    '10.209.0.0/16',
    '10.210.0.0/15',
    '10.212.0.0/14',
    '10.216.0.0/13',
  ]
  at.firewall.ranges = pool.flatMap((text) => parseCidr(text) ?? [])
  const { code, message } = await refusal(create(at, 'acme', { name: 'more' }))
  assert.equal(code, 'address-exhausted')
  assert.match(message, /every network of the pool is in use or rests/)
})

test('a tenant goes with networks that nobody was ever in', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.begin()
  await create(at, 'acme', { name: 'back' })
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  await at.control.tenants.delete('acme', PLATFORM, { cascade: true, dryRun: false })
  await until('it is gone', async () => (await at.store.read.tenants.byId(id))?.deletedAt !== null)
  assert.deepEqual(await at.store.read.networks.live(), [])
  assert.equal(at.host.networks.size, 0)
})
