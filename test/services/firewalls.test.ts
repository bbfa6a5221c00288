import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { FirewallCreate, type FirewallChange } from '../../src/contract/firewalls.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { asked, runs, until, world, type World } from '../support/world.ts'

const asking = (tenant: string) => ({ tenant, actor: PLATFORM })

const create = (at: World, tenant: string, wanted: z.input<typeof FirewallCreate>) =>
  at.control.firewalls.create(asking(tenant), FirewallCreate.parse(wanted))

/** Of acme. */
const update = (at: World, firewall: string, change: FirewallChange) =>
  at.control.firewalls.update({ ...asking('acme'), firewall }, change)

const remove = (at: World, firewall: string) =>
  at.control.firewalls.delete({ ...asking('acme'), firewall })

async function withTenant(at: World): Promise<void> {
  await at.addTenant('acme')
  await at.begin()
}

const addressOf = async (at: World, name: string): Promise<string> =>
  (await at.control.containers.get('acme', name)).addresses[0]?.address ?? ''

test('what a firewall allows is in the packet filter before its container runs, and follows its changes', async () => {
  await using at = await world()
  await withTenant(at)
  await create(at, 'acme', { name: 'web' })
  const ingress = [{ firewall: 'web', protocol: 'tcp', ports: '5432' } as const]
  await create(at, 'acme', { name: 'db', ingress })
  await at.create('acme', { name: 'site', firewalls: ['web'] })
  await at.create('acme', { name: 'store', firewalls: ['db'] })
  await runs(at, 'acme', 'site')
  await runs(at, 'acme', 'store')
  const [site, store] = [await addressOf(at, 'site'), await addressOf(at, 'store')]
  assert.deepEqual(at.firewall.set('guarded_in'), [store])
  assert.deepEqual(at.firewall.set('guarded_out'), [])
  assert.deepEqual(at.firewall.set('let_in'), [`${store} . ${site} . tcp . 5432-5432`])

  await update(at, 'db', { ingress: [] })
  await until('nothing is let in', () => at.firewall.set('let_in').length === 0)
  assert.deepEqual(at.firewall.set('guarded_in'), [store])
  await update(at, 'db', { ingress: null })
  await until('nothing is guarded', () => at.firewall.set('guarded_in').length === 0)
})

test('a container carries other firewalls without being started anew', async () => {
  await using at = await world()
  await withTenant(at)
  await create(at, 'acme', { name: 'db', ingress: [] })
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const { resource } = await at.control.containers.update(asked('acme', 'web'), {
    firewalls: ['db'],
  })
  assert.deepEqual(resource.spec.firewalls, ['db'])
  const address = await addressOf(at, 'web')
  await until('it is guarded', () => at.firewall.set('guarded_in').includes(address))
  await at.quiet()
  assert.equal(at.host.calls.filter(({ method }) => method === 'startContainer').length, 1)
  assert.deepEqual((await at.control.firewalls.get('acme', 'db')).containers, ['web'])
})

test('a network that is closed to itself guards all that is in it', async () => {
  await using at = await world()
  await withTenant(at)
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const of = { ...asking('acme'), network: 'default', caller: { tenant: null } }
  await at.control.ofNetworks.update(of, { within: 'none' })
  const address = await addressOf(at, 'web')
  await until('it is guarded', () => at.firewall.set('guarded_in').includes(address))
  assert.deepEqual(at.firewall.set('let_in'), [])
})

test('one that is carried or named is not deleted, and who does is told', async () => {
  await using at = await world()
  await withTenant(at)
  await create(at, 'acme', { name: 'web' })
  await create(at, 'acme', { name: 'db', ingress: [{ firewall: 'web' }, { firewall: 'db' }] })
  await at.create('acme', { firewalls: ['db'] })
  await assert.rejects(remove(at, 'web'), {
    code: 'firewall-in-use',
    message: 'Cannot delete firewall "web": it is named by rules of db',
  })
  await assert.rejects(remove(at, 'db'), { code: 'firewall-in-use', message: /carried by web$/ })
  await at.control.containers.update(asked('acme', 'web'), { firewalls: null })
  await remove(at, 'db')
  await remove(at, 'web')
  await remove(at, 'never-there')
  assert.deepEqual((await at.control.firewalls.list('acme', { limit: 10 })).items, [])
})

const refused = (pointer: string) => ({
  code: 'invalid-input',
  details: { errors: [{ pointer, detail: 'there is no firewall "theirs"' }] },
})

test('a firewall that is not there, or is another tenant’s, is refused with its place', async () => {
  await using at = await world()
  await withTenant(at)
  await at.addTenant('zeta')
  await create(at, 'zeta', { name: 'theirs' })
  await assert.rejects(at.create('acme', { firewalls: ['theirs'] }), refused('#/firewalls/0'))
  const egress = [{ protocol: 'udp' } as const, { firewall: 'theirs' }]
  await assert.rejects(create(at, 'acme', { name: 'mine', egress }), refused('#/egress/1/firewall'))
  await at.create('acme', {})
  const change = at.control.containers.update(asked('acme', 'web'), { firewalls: ['theirs'] })
  await assert.rejects(change, refused('#/firewalls/0'))
  await assert.rejects(update(at, 'theirs', {}), { code: 'not-found' })
})

test('no tenant fills the packet filter of all', async () => {
  await using at = await world()
  await withTenant(at)
  const ports = Array.from({ length: 64 }, (_, i) => ({ firewall: 'all', ports: `${2 * i + 1}` }))
  await create(at, 'acme', { name: 'all', ingress: [] })
  for (let i = 0; i < 6; i++) await at.create('acme', { name: `web${i}`, firewalls: ['all'] })
  await assert.rejects(update(at, 'all', { ingress: ports, egress: ports }), {
    code: 'too-many-rules',
  })
  assert.deepEqual((await at.control.firewalls.get('acme', 'all')).ingress, [])
  await update(at, 'all', { ingress: ports.slice(0, 50) })
  await assert.rejects(at.create('acme', { name: 'more', firewalls: ['all'] }), {
    code: 'too-many-rules',
  })
  for (let i = 1; i < 64; i++) await create(at, 'acme', { name: `f${i}` })
  await assert.rejects(create(at, 'acme', { name: 'one-more' }), { code: 'too-many-rules' })
})
