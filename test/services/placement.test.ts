import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, until, world, type World } from '../support/world.ts'

const addressOf = async (at: World, tenant: string, name: string): Promise<string | undefined> =>
  (await at.create(tenant, { name })).resource.addresses[0]?.address

async function gone(at: World, tenant: string, name: string): Promise<void> {
  await at.control.containers.delete(asked(tenant, name), true)
  await until('it is gone', async () => {
    const { items } = await at.control.containers.list(tenant, { limit: 100 })
    return items.every((one) => one.name !== name)
  })
}

test('an address rests a minute in its network, and is given again then', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  assert.equal(await addressOf(at, 'acme', 'a'), '10.208.1.2')
  assert.equal(await addressOf(at, 'acme', 'b'), '10.208.1.3')
  await gone(at, 'acme', 'a')
  at.time.advance(59_999)
  assert.equal(await addressOf(at, 'acme', 'c'), '10.208.1.4')
  at.time.advance(2)
  assert.equal(await addressOf(at, 'acme', 'd'), '10.208.1.2')
})

test('a subnet rests ten minutes before another tenant gets it', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  await at.begin()
  await addressOf(at, 'acme', 'a')
  await gone(at, 'acme', 'a')
  await at.quiet()
  await at.store.write((q) => q.tenants.markDeleted(acme.id, at.time.now().getTime()))
  await at.control.observer.pass()
  await at.addTenant('zeta')
  assert.equal(await addressOf(at, 'zeta', 'a'), '10.208.2.2')
  at.time.advance(10 * 60_000 + 1)
  await at.addTenant('late')
  assert.equal(await addressOf(at, 'late', 'a'), '10.208.1.2')
})

test('ten racing creates get ten addresses, and one network', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const names = Array.from({ length: 10 }, (_, i) => `web-${i}`)
  const addresses = await Promise.all(names.map((name) => addressOf(at, 'acme', name)))
  assert.equal(new Set(addresses).size, 10)
  assert.equal((await at.store.read.networks.live()).length, 1)
})

test('a network that is full says so, and takes nothing', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  await at.begin()
  await addressOf(at, 'acme', 'first')
  const [network] = await at.store.read.networks.live()
  assert.ok(network)
  await at.store.write(async (q) => {
    for (let last = 3; last < 192; last++) {
      const id = at.newId()
      const address = `10.208.1.${last}`
      await q.addresses.insert({
        id,
        networkId: network.id,
        address,
        mac: id,
        containerId: id,
        releasedAt: null,
        aliasesJson: '[]',
        leavingAt: null,
      })
    }
  })
  await assert.rejects(at.create('acme', { name: 'more' }), { code: 'address-exhausted' })
  assert.equal(await at.store.read.containers.countLive(acme.id), 1)
  assert.equal(await at.store.read.names.owner(acme.id, 'more'), undefined)
})
