import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import { dyingAt } from '../support/dying.ts'
import { asked, runs, until, world, type World } from '../support/world.ts'

const CASCADE = { cascade: true, dryRun: false }
const doom = (at: World) => at.control.tenants.delete('acme', PLATFORM, CASCADE)

async function ended(at: World, { operation }: { operation: { id: string } | null }) {
  assert.ok(operation)
  const signal = AbortSignal.timeout(10_000)
  return (await at.control.operations.settled(operation.id, 10, signal)).state
}

async function inhabited(at: World): Promise<string> {
  const { id } = await at.addTenant('acme', { containers: 5 })
  await at.addTenant('other')
  await at.begin()
  for (const name of ['web', 'idle']) {
    await at.create('acme', { name })
    await runs(at, 'acme', name)
  }
  await at.create('other', {})
  await runs(at, 'other', 'web')
  await at.control.containers.stop(asked('acme', 'idle'))
  await at.quiet()
  return id
}

/** Of the tenant nothing is left but its tombstone; of the other all is there. */
async function isGone(at: World, id: string): Promise<void> {
  await at.quiet()
  assert.deepEqual(
    [...at.host.containers.values()].map(({ wanted }) => wanted.tenant),
    ['other'],
  )
  assert.deepEqual(
    [...at.host.networks.values()].map(({ wanted }) => wanted.tenant),
    ['other'],
  )
  const { read } = at.store
  assert.equal(await read.tenants.bySlug('acme'), undefined)
  assert.notEqual((await read.tenants.byId(id))?.deletedAt, null)
  assert.deepEqual(await read.networks.ofTenant(id), [])
  assert.deepEqual(await read.operations.openTargets(), [])
  assert.deepEqual(await at.reserved(id), await at.reserved('nobody'))
  await assert.rejects(at.control.tenants.create({ slug: 'acme', policy: 'baseline' }, PLATFORM), {
    code: 'name-taken',
  })
}

test('a tenant that has containers is deleted only with all of them, and the refusal names them', async () => {
  await using at = await world()
  await inhabited(at)
  await assert.rejects(
    at.control.tenants.delete('acme', PLATFORM),
    /has 2 containers \(idle, web\); delete them first, or with it by "cascade"/,
  )
  assert.equal((await at.control.tenants.get('acme')).state, 'active')
})

test('a dry run names what would go, by kind, and does nothing', async () => {
  await using at = await world()
  await inhabited(at)
  const how = { cascade: true, dryRun: true }
  const { operation, resource } = await at.control.tenants.delete('acme', PLATFORM, how)
  assert.equal(operation, null)
  const some = resource.removes.filter(({ count }) => count > 0)
  assert.deepEqual(some, [
    { kind: 'containers', count: 2, names: ['idle', 'web'] },
    { kind: 'networks', count: 1, names: ['default'] },
  ])
  assert.equal((await at.control.tenants.get('acme')).state, 'active')
  assert.equal(at.host.containers.size, 3)
})

test('delete() with cascade removes containers, network and rows, and its operation outlives them', async () => {
  const gone: string[] = []
  await using at = await world({ erased: (id) => gone.push(id) })
  const id = await inhabited(at)
  const begun = await doom(at)
  assert.equal(begun.resource.tenant.state, 'deleting')
  assert.equal(await ended(at, begun), 'succeeded')
  await isGone(at, id)
  assert.deepEqual(gone, [id])
  const all = await at.control.operations.listAll({ limit: 1, kind: 'tenants.delete' })
  assert.deepEqual(
    all.items.map(({ tenant, state, progress }) => [tenant, state, progress]),
    [['acme', 'succeeded', 100]],
  )
  const { items } = await at.control.events.list({ limit: 9 })
  const told = items.map(({ action }) => action).filter((action) => action.startsWith('tenant.'))
  assert.deepEqual(told, ['tenant.deleted', 'tenant.deleting'])
})

test('while a tenant is being deleted it is given nothing new, and nothing takes it back', async () => {
  await using at = await world()
  const id = await inhabited(at)
  at.host.intercept = ({ method }) => (method === 'removeContainer' ? 'away' : undefined)
  const begun = await doom(at)
  const { tenants } = at.control
  const conflict = { code: 'state-conflict', message: /is being deleted/ }
  await assert.rejects(at.create('acme', { name: 'late' }), conflict)
  await assert.rejects(tenants.suspend('acme', {}, PLATFORM), conflict)
  await assert.rejects(tenants.resume('acme', PLATFORM), conflict)
  await assert.rejects(tenants.update('acme', {}, PLATFORM), conflict)
  const again = await tenants.delete('acme', PLATFORM)
  at.host.intercept = () => undefined
  await until('it is over', async () => {
    at.time.advance(1000)
    return (await at.store.read.operations.openTargets()).length === 0
  })
  assert.deepEqual([await ended(at, begun), await ended(at, again)], ['succeeded', 'succeeded'])
  await isGone(at, id)
})

test('whoever waits for a container of it is told that it goes', async () => {
  await using at = await world()
  await inhabited(at)
  at.host.intercept = ({ method }) => (method === 'startContainer' ? 'away' : undefined)
  const start = await at.control.containers.start(asked('acme', 'idle'))
  const begun = await doom(at)
  assert.equal(await ended(at, start), 'cancelled')
  at.host.intercept = () => undefined
  assert.equal(await ended(at, begun), 'succeeded')
})

test('a suspended tenant is deleted as any other', async () => {
  await using at = await world()
  const id = await inhabited(at)
  await ended(at, await at.control.tenants.suspend('acme', {}, PLATFORM))
  assert.equal(await ended(at, await doom(at)), 'succeeded')
  await isGone(at, id)
})

test('a tenant that never had a container is gone at once', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  const { operation } = await at.control.tenants.delete('acme', PLATFORM)
  assert.equal(operation?.state, 'succeeded')
  assert.notEqual((await at.store.read.tenants.byId(id))?.deletedAt, null)
})

const POINTS = [
  'before-remove',
  'withdrawn',
  'container-removed',
  'before-release',
  'released',
  'tenant-before-wait',
  'tenant-before-remove-networks',
  'networks-doomed',
  'network-removed',
  'tenant-before-erase',
  'tenant-erased',
]

for (const point of POINTS) {
  test(`killed at "${point}" of a deletion: the next life brings it to its end`, async () => {
    await using at = await world()
    const id = await inhabited(at)
    const begun = await dyingAt(at, point, () => doom(at))
    assert.equal(await ended(at, begun), 'succeeded')
    await isGone(at, id)
  })
}
