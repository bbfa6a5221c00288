import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageFacts, PullWanted } from '../../src/ports/engine.ts'
import { fakeEngine } from '../fakes/engine.ts'
import { imageCollector } from '../../src/reconcile/image-collector.ts'
import { INSTANCE } from '../support/control-plane.ts'
import { asked, imageIdOf, runs, until, world, type World } from '../support/world.ts'

const KEPT_MS = 3_600_000
const IMAGE = 'registry.corp:5000/team/app:1'

const factsOf = (id: string): ImageFacts => ({
  imageId: imageIdOf(id),
  exposedTcpPorts: [],
  volumes: [],
  user: '',
})

function collectorOf({ store, host, time }: World) {
  const engine = fakeEngine(host, INSTANCE)
  const collector = imageCollector({
    store,
    engine,
    clock: time,
    log: () => undefined,
    keptMs: KEPT_MS,
  })
  return () => collector.sweep(AbortSignal.timeout(10_000))
}

/** A platform whose tenant runs an image that it has pulled. */
async function withPulled(at: World): Promise<() => Promise<void>> {
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { image: IMAGE })
  await runs(at, 'acme', 'web')
  return collectorOf(at)
}

async function remove(at: World, name = 'web'): Promise<void> {
  await at.control.containers.delete(asked('acme', name), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
}

/** The sweep that sees it unused, that which takes the right to it, and that which takes it. */
async function swept(at: World, sweep: () => Promise<void>): Promise<void> {
  await sweep()
  at.time.advance(KEPT_MS)
  await sweep()
  await sweep()
}

const registryOf = (id: string) => (): ImageFacts => factsOf(id)
const isThere = (at: World): boolean => at.host.images.has(IMAGE)
const rights = async (at: World, tenant = 'acme') => {
  const row = await at.store.read.tenants.bySlug(tenant)
  assert.ok(row)
  return (await at.store.read.images.list(row.id)).filter(({ tenantId }) => tenantId !== null)
}

test('an image of which no container is made goes when it has been kept long enough', async () => {
  await using at = await world({ registry: registryOf('app') })
  const sweep = await withPulled(at)
  await swept(at, sweep)
  assert.ok(isThere(at), 'a container is made of it')
  await remove(at)
  await sweep()
  at.time.advance(KEPT_MS - 1)
  await sweep()
  assert.ok(isThere(at))
  at.time.advance(1)
  await sweep()
  assert.deepEqual(await rights(at), [], 'nobody may run it without a pull any more')
  assert.ok(isThere(at))
  await sweep()
  assert.ok(!isThere(at))
  await at.create('acme', { image: IMAGE })
  await runs(at, 'acme', 'web')
})

test('who pulls it anew before it goes keeps it', async () => {
  await using at = await world({ registry: registryOf('app') })
  const sweep = await withPulled(at)
  await remove(at)
  await sweep()
  at.time.advance(KEPT_MS)
  await sweep()
  await at.create('acme', { image: IMAGE })
  await runs(at, 'acme', 'web')
  await sweep()
  assert.ok(isThere(at))
  assert.equal((await rights(at)).length, 1)
})

test('what the engine had before stays, and what is shared with all', async () => {
  await using at = await world({ registry: registryOf('app') })
  at.host.addImage(IMAGE, factsOf('of the operator'))
  const sweep = await withPulled(at)
  await remove(at)
  await swept(at, sweep)
  assert.ok(isThere(at))
  assert.deepEqual(await at.store.read.images.idleFetched(), [])
})

test('an image that is shared later stays', async () => {
  await using at = await world({ registry: registryOf('app') })
  const sweep = await withPulled(at)
  await remove(at)
  await at.store.write((q) =>
    q.images.put({ tenantId: null, reference: IMAGE, imageId: imageIdOf('app'), addedAt: 0 }),
  )
  await swept(at, sweep)
  assert.ok(isThere(at))
})

test('a name that has moved on stays with the image that it names now', async () => {
  let now = 'one'
  const registry = ({ reference }: PullWanted): ImageFacts => {
    assert.equal(reference, IMAGE)
    return factsOf(now)
  }
  await using at = await world({ registry })
  const sweep = await withPulled(at)
  // Another tenant has no right to what is there, so it pulls, and the name moves.
  now = 'two'
  await at.addTenant('umbrella')
  await at.create('umbrella', { image: IMAGE })
  await runs(at, 'umbrella', 'web')
  const of = [...at.host.containers.values()]
  assert.deepEqual(
    of.map(({ wanted }) => wanted.imageId),
    [imageIdOf('one'), imageIdOf('two')],
  )
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 1)
  await at.quiet()
  await swept(at, sweep)
  assert.equal(at.host.images.get(IMAGE)?.imageId, imageIdOf('two'))
  assert.deepEqual(await at.store.read.images.idleFetched(), [])
})

test('one that somebody else on the machine uses is tried again, and others go meanwhile', async () => {
  await using at = await world({ registry: registryOf('app') })
  const sweep = await withPulled(at)
  const [ours] = at.host.containers.values()
  assert.ok(ours)
  at.host.containers.set('theirs', { ...ours, name: 'theirs', instance: 'another' })
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 1)
  await at.quiet()
  await swept(at, sweep)
  assert.ok(isThere(at))
  at.host.containers.delete('theirs')
  await sweep()
  assert.ok(!isThere(at))
})
