import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dyingAt } from '../support/dying.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

/** Every point that a container passes on its way up, to a stop, to a new run and out. */
const CREATE = [
  'before-resolve-image',
  'image-resolved',
  'before-create',
  'network-ensured',
  'container-created',
  'before-begin-run',
  'edge-told',
  'run-begun',
  'container-started',
  'before-note-running',
  'running-noted',
]
const STOP = ['before-stop', 'container-stopped', 'before-note-stopped', 'stopped-noted']
const RESTART = [
  'before-stop',
  'container-stopped',
  'before-begin-run',
  'run-begun',
  'container-started',
  'running-noted',
]
const EXIT = ['before-note-exit', 'exit-noted', 'before-next-run', 'next-run', 'running-noted']
const DELETE = ['before-remove', 'withdrawn', 'container-removed', 'before-release', 'released']

/** What must hold whenever nothing is left to do. */
async function isWhole(at: World, tenant: string, objects: number): Promise<void> {
  await at.quiet()
  assert.equal(at.host.containers.size, objects)
  const names = [...at.host.containers.values()].map(({ wanted }) => wanted.id)
  assert.equal(new Set(names).size, objects)
  const row = await at.store.read.tenants.bySlug(tenant)
  const reserved = await at.reserved(row?.id ?? '')
  assert.equal(reserved.containers, objects)
  const { items } = await at.control.operations.list(tenant, { limit: 100 })
  const open = items.filter(({ state }) => state === 'pending' || state === 'running')
  assert.deepEqual(open, [])
}

async function running(at: World): Promise<void> {
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { restart: 'always' })
  await runs(at, 'acme', 'web')
  await at.quiet()
}

for (const point of CREATE) {
  test(`killed at "${point}" while it creates: one container runs, started once`, async () => {
    await using at = await world()
    await at.addTenant('acme')
    await dyingAt(at, point, () => at.create('acme', {}))
    await runs(at, 'acme', 'web')
    await isWhole(at, 'acme', 1)
    const [only] = at.host.containers.values()
    assert.equal(only?.status, 'running')
    const { restarts } = await at.control.containers.get('acme', 'web')
    assert.equal(restarts, 0)
  })
}

for (const point of STOP) {
  test(`killed at "${point}" while it stops: it is stopped`, async () => {
    await using at = await world()
    await running(at)
    await dyingAt(at, point, () => at.control.containers.stop(asked('acme', 'web')))
    await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
    await isWhole(at, 'acme', 1)
    assert.equal([...at.host.containers.values()][0]?.status, 'exited')
  })
}

for (const point of RESTART) {
  test(`killed at "${point}" while it restarts: it runs anew, once`, async () => {
    await using at = await world()
    await running(at)
    const before = [...at.host.containers.values()][0]?.startedAt
    at.time.advance(1000)
    await dyingAt(at, point, () => at.control.containers.restart(asked('acme', 'web')))
    await runs(at, 'acme', 'web')
    await isWhole(at, 'acme', 1)
    const [only] = at.host.containers.values()
    assert.equal(only?.status, 'running')
    assert.notDeepEqual(only?.startedAt, before)
    const stops = at.host.calls.filter(({ method }) => method === 'stopContainer')
    assert.ok(stops.length <= 2)
  })
}

for (const point of EXIT) {
  test(`killed at "${point}" while its process ends: it runs again`, async () => {
    await using at = await world()
    await running(at)
    const name = [...at.host.containers.keys()][0] ?? ''
    await dyingAt(at, point, async () => {
      at.host.exit(name, 1)
      if (point !== 'before-note-exit' && point !== 'exit-noted') {
        await shows(at, ['acme', 'web'], ({ state }) => state === 'restarting')
        await at.quiet()
        at.time.advance(1000)
      }
    })
    await until('it runs', async () => {
      at.time.advance(1000)
      const { state } = await at.control.containers.get('acme', 'web')
      return state === 'running' && at.host.containers.get(name)?.status === 'running'
    })
    const { restarts } = await at.control.containers.get('acme', 'web')
    assert.equal(restarts, 1)
    await isWhole(at, 'acme', 1)
  })
}

for (const point of DELETE) {
  test(`killed at "${point}" while it deletes: nothing is left`, async () => {
    await using at = await world()
    await running(at)
    await dyingAt(at, point, () => at.control.containers.delete(asked('acme', 'web'), true))
    await until('it is gone', async () => {
      const { items } = await at.control.containers.list('acme', { limit: 9 })
      return items.length === 0
    })
    await isWhole(at, 'acme', 0)
    const { operation } = await at.create('acme', {})
    const signal = AbortSignal.timeout(5000)
    assert.equal((await at.control.operations.settled(operation.id, 5, signal)).state, 'succeeded')
  })
}
