import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainClaim } from '../../src/contract/domains.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

const WEEK_MS = 7 * 24 * 60 * 60_000
const asking = (world: CloudWorld, tenant: string) => ({ tenant, actor: world.actor })
const claim = (world: CloudWorld, name: string, tenant = 'acme') =>
  world.all.domains.claim(asking(world, tenant), DomainClaim.parse({ name }))
const verify = (world: CloudWorld, domain: string) =>
  world.all.domains.verify({ ...asking(world, 'acme'), domain })
const remove = (world: CloudWorld, tenant: string, domain: string) =>
  world.all.domains.delete({ ...asking(world, tenant), domain })

async function twoTenants(): Promise<CloudWorld> {
  const world = await cloudWorld()
  await world.addTenant('acme')
  await world.addTenant('zeta')
  return world
}

test('a claim is proved by a TXT record, and by an address that answers its token', async () => {
  await using world = await twoTenants()
  const [one, other] = [await claim(world, 'one.example'), await claim(world, 'other.example')]
  assert.deepEqual([one.state, one.dns.name], ['claimed', '_cloudlet.one.example'])
  assert.match(one.dns.value, /^cloudlet-verify=[a-z0-9]{32}$/)
  await assert.rejects(verify(world, 'one.example'), { code: 'domain-unproved' })
  world.proofs.records.set(one.dns.name, ['v=spf1', other.dns.value])
  await assert.rejects(verify(world, 'one.example'), { code: 'domain-unproved' })
  world.proofs.records.set(one.dns.name, ['v=spf1', one.dns.value])
  const proved = await verify(world, 'one.example')
  assert.deepEqual([proved.state, proved.proof, proved.expiresAt], ['proved', 'dns', null])
  world.proofs.pages.set('other.example/.well-known/cloudlet-verify', other.http.value)
  assert.equal((await verify(world, other.id)).proof, 'http')
  world.time.advance(2 * WEEK_MS)
  assert.equal((await world.all.domains.list('acme')).items.length, 2)
})

test('a name is claimed once, and so is what is above or below it; nobody is told by whom', async () => {
  await using world = await twoTenants()
  await claim(world, 'shop.example.org', 'zeta')
  for (const name of ['shop.example.org', 'example.org', 'a.b.shop.example.org']) {
    const refused = claim(world, name)
    await assert.rejects(refused, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'domain-taken')
      assert.ok(!/zeta/.test(error.message + JSON.stringify(error)))
      return true
    })
  }
  await claim(world, 'other.example.org')
  await claim(world, 'notshop.example.org')
  await claim(world, 'below.other.example.org')
  await assert.rejects(claim(world, 'other.example.org'), { code: 'domain-taken' })
  await assert.rejects(world.all.domains.get('acme', 'shop.example.org'), { code: 'not-found' })
  await remove(world, 'acme', 'shop.example.org')
  await assert.rejects(claim(world, 'shop.example.org'), { code: 'domain-taken' })
  await remove(world, 'zeta', 'shop.example.org')
  await claim(world, 'shop.example.org')
})

test('a claim that is not proved within seven days lapses and frees the name', async () => {
  await using world = await twoTenants()
  const { dns } = await claim(world, 'example.org')
  world.proofs.records.set(dns.name, [dns.value])
  world.time.advance(WEEK_MS)
  assert.deepEqual(await world.all.domains.list('acme'), { items: [] })
  await assert.rejects(verify(world, 'example.org'), { code: 'not-found' })
  const other = await claim(world, 'example.org', 'zeta')
  assert.notEqual(other.dns.value, dns.value)
})

test("the platform's own names are nobody's", async () => {
  await using world = await twoTenants()
  for (const name of ['cloud.local', 'web.zeta.cloud.local', 'a.localhost', 'db.acme.internal']) {
    await assert.rejects(claim(world, name), { code: 'invalid-input' }, name)
  }
  for (const name of ['com', 'A.example', '192.0.2.1', '*.example.org']) {
    assert.ok(!DomainClaim.safeParse({ name }).success, name)
  }
})

test('there is an end to how many domains a tenant has', async () => {
  await using world = await twoTenants()
  for (let i = 0; i < 50; i++) await claim(world, `d${i}.example`)
  await assert.rejects(claim(world, 'more.example'), { code: 'too-many-domains' })
})
