import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ORPHAN_GRACE_MS } from '../../src/core/orphans.ts'
import { runs, world, type World } from '../support/world.ts'

const AGES_MS = 2 * ORPHAN_GRACE_MS

/** A platform with one container of its own, and as many on its engine that no row knows. */
async function withOrphans(at: World, count: number) {
  await at.addTenant('acme')
  await at.begin()
  const { resource } = await at.create('acme', {})
  await runs(at, 'acme', 'web')
  await at.quiet()
  const [own] = at.host.containers.values()
  assert.ok(own)
  const orphans = Array.from({ length: count }, (_, n) => {
    const id = `f${String(n).padStart(15, '0')}`
    const name = `cl-acme-container-${id}`
    const wanted = { ...own.wanted, id, name, network: 'none' }
    const made = { ...own, wanted, name, engineId: at.host.newId(), createdAt: at.time.now() }
    at.host.containers.set(name, made)
    return made
  })
  return { own, orphans, id: resource.id }
}

/** Time goes by, and the engine is looked at before and after. */
async function inTime(at: World, ms: number): Promise<void> {
  await at.control.observer.pass()
  at.time.advance(ms)
  await at.control.observer.pass()
  await at.quiet()
}

const events = async (at: World): Promise<string[]> => {
  const { items } = await at.control.events.list({ limit: 100 })
  return items.map(({ action }) => action).filter((action) => action.startsWith('gc.'))
}

const names = (at: World): string[] => [...at.host.containers.keys()]

test('what no row knows is removed after its grace, not before, and that is told', async () => {
  await using at = await world()
  const { own, orphans } = await withOrphans(at, 1)
  await inTime(at, ORPHAN_GRACE_MS - 1)
  assert.equal(at.host.containers.size, 2)
  at.time.advance(1)
  await at.control.observer.pass()
  assert.deepEqual(names(at), [own.name])
  const [event] = (await at.control.events.list({ limit: 1 })).items
  assert.deepEqual(
    [event?.action, event?.tenant, event?.target.name],
    ['gc.removed', null, orphans[0]?.name],
  )
})

test('a network that no row knows goes after the containers of its tenant that none knows', async () => {
  await using at = await world()
  const { own } = await withOrphans(at, 1)
  const [network] = at.host.networks.values()
  assert.ok(network)
  const wanted = { ...network.wanted, id: 'f000', name: 'cl-acme-network-f000' }
  at.host.networks.set(wanted.name, { ...network, wanted, engineId: at.host.newId() })
  await inTime(at, AGES_MS)
  assert.deepEqual([at.host.networks.size, names(at)], [2, [own.name]])
  await at.control.observer.pass()
  assert.deepEqual([...at.host.networks.keys()], [own.wanted.network])
})

test('a network that the engine does not let go stays, and holds up nothing', async () => {
  await using at = await world()
  await withOrphans(at, 0)
  const [network] = at.host.networks.values()
  assert.ok(network)
  const wanted = { ...network.wanted, id: 'f000', name: 'cl-acme-network-f000' }
  at.host.networks.set(wanted.name, { ...network, wanted, engineId: at.host.newId() })
  at.host.intercept = ({ method }) =>
    method === 'removeNetwork' ? { status: 403, answer: 'has active endpoints' } : undefined
  await inTime(at, AGES_MS)
  assert.ok(at.host.calls.some(({ method }) => method === 'removeNetwork'))
  assert.equal(at.host.networks.size, 2)
  assert.ok(at.control.observer.isUp())
  assert.deepEqual(await events(at), [])
})

test('eleven are too many: nothing is removed, and that is told once until somebody lets them go', async () => {
  await using at = await world()
  const { own } = await withOrphans(at, 11)
  await inTime(at, AGES_MS)
  await inTime(at, AGES_MS)
  assert.equal(at.host.containers.size, 12)
  assert.deepEqual(await events(at), ['gc.braked'])
  const signal = AbortSignal.timeout(10_000)
  assert.equal((await at.control.orphans.look(signal)).braked, true)
  assert.equal((await at.control.orphans.run({ release: false }, signal)).removed.length, 0)
  assert.equal((await at.control.orphans.run({ release: true }, signal)).removed.length, 11)
  assert.deepEqual(names(at), [own.name])
})

test('a row that comes meanwhile saves its object', async () => {
  await using at = await world()
  const { id, orphans } = await withOrphans(at, 2)
  const [first, second] = orphans
  assert.ok(first && second)
  await at.control.observer.pass()
  at.time.advance(AGES_MS)
  const row = await at.store.read.containers.byId(id)
  assert.ok(row)
  at.host.intercept = async ({ method, name }) => {
    if (method !== 'removeContainer' || name !== first.name) return undefined
    // The second is due in the same pass.
    const late = { ...row, id: second.wanted.id, name: 'late', address: '10.208.0.77' }
    await at.store.write((q) => q.containers.insert(late))
    return undefined
  }
  await at.control.observer.pass()
  assert.equal(at.host.containers.has(first.name), false)
  assert.equal(at.host.containers.has(second.name), true)
})

test('in safe mode nothing is removed', async () => {
  await using at = await world()
  const { own } = await withOrphans(at, 1)
  await at.store.write((q) => q.platformState.put('safe-mode', '{}'))
  await inTime(at, AGES_MS)
  assert.equal(at.host.containers.size, 2)
  await at.store.write((q) => q.platformState.remove('safe-mode'))
  await inTime(at, AGES_MS)
  assert.deepEqual(names(at), [own.name])
})
