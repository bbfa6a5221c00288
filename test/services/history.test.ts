import assert from 'node:assert/strict'
import { test } from 'node:test'
import { historyService } from '../../src/services/history.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { ALL_PERMISSIONS, type Role } from '../../src/core/permissions.ts'
import { apiWorld } from '../support/api-world.ts'
import { asked, runs, until, world, type World } from '../support/world.ts'

const DAY_MS = 24 * 60 * 60_000

test('sweep() forgets what is long over, and nothing that lives', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  await at.begin()
  const old = await at.create('acme', { name: 'old' })
  await runs(at, 'acme', 'old')
  await at.create('acme', { name: 'web', image: 'cloudlet/base' })
  await runs(at, 'acme', 'web')
  await at.control.containers.delete(asked('acme', 'old'), true)
  await until('it is gone', () => at.host.containers.size === 1)
  await at.quiet()
  const eventsKept = { most: 30, days: 10 }
  const history = historyService({ store: at.store, clock: at.time, eventsKept })
  const { containers, operations } = at.store.read
  const known = async () => ({
    operations: (await operations.list(acme.id, { limit: 100 })).length,
    events: (await at.control.events.list({ limit: 100 })).items.map(({ seq }) => seq),
    old: (await containers.byId(old.resource.id)) !== undefined,
  })

  at.time.advance(6 * DAY_MS)
  await history.sweep()
  assert.deepEqual(await known(), { operations: 3, events: [7, 6, 5], old: true })
  at.time.advance(2 * DAY_MS)
  await history.sweep()
  assert.deepEqual(await known(), { operations: 0, events: [7, 6, 5], old: true })
  at.time.advance(23 * DAY_MS)
  await history.sweep()
  assert.deepEqual(await known(), { operations: 0, events: [], old: false })
  const web = await at.control.containers.get('acme', 'web')
  assert.deepEqual([web.state, web.addresses[0]?.address], ['running', '10.208.1.3'])
})

test('what is left of a removed container names neither its spec nor its image', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const { resource, operation } = await at.create('acme', { env: { PASSWORD: 'x' } })
  await runs(at, 'acme', 'web')
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
  const row = await at.store.read.containers.byId(resource.id)
  assert.deepEqual([row?.name, row?.specJson, row?.imageJson], ['web', '{}', null])
  const reach = { container: ['web'] }
  await at.control.operations.refuseBeyond(reach, { tenant: 'acme', operation: operation.id })
})

test('pruneEndedBeyond() leaves each tenant its newest operations, and all that are open', async () => {
  await using at = await world()
  const [acme, beta] = [await at.addTenant('acme'), await at.addTenant('beta')]
  const now = at.time.now().getTime()
  const operation = (tenantId: string, number: number) => ({
    id: `${tenantId.slice(-1)}${String(number).padStart(15, '0')}`,
    tenantId,
    kind: 'containers.start',
    targetKind: 'container',
    targetId: 'container0000001',
    targetName: 'web',
    generation: 1,
    state: 'succeeded' as const,
    step: null,
    progress: 100,
    errorJson: null,
    createdAt: now + number,
    updatedAt: now + number,
  })
  await at.store.write(async (q) => {
    await q.operations.insert({ ...operation(acme.id, 0), state: 'running' })
    await q.operations.insert(operation(beta.id, 0))
    for (let number = 1; number <= 4; number++) {
      await q.operations.insert(operation(acme.id, number))
    }
    await q.operations.pruneEndedBeyond(2)
  })
  const isKept = async (tenantId: string, number: number) =>
    (await at.store.read.operations.byId(operation(tenantId, number).id)) !== undefined
  assert.deepEqual(await Promise.all([0, 1, 2, 3, 4].map((number) => isKept(acme.id, number))), [
    true,
    false,
    false,
    true,
    true,
  ])
  assert.equal(await isKept(beta.id, 0), true)
})

test('sweep() forgets keys 90 days after their end, and none by which a database is known as used', async () => {
  await using api = await apiWorld()
  const living = await api.tenant('aa')
  const caller = { permissions: ALL_PERMISSIONS }
  const brief = (tenant: string | null, role: Role) =>
    api.keys.create(
      { tenant, actor: PLATFORM, caller },
      { description: '', role, expiresInSeconds: 60 },
    )
  const expiring = await brief('aa', 'member')
  const revoked = await api.keyOf('aa', 'member')
  await api.keys.revoke({ tenant: 'aa', actor: PLATFORM, caller }, revoked.id)
  await brief(null, 'admin')
  await brief(null, 'read')
  const { store, clock } = api
  const history = historyService({ store, clock, eventsKept: { most: 3, days: 10 } })
  const live = async () =>
    (await store.read.keys.allLive(clock.now().getTime())).map(({ key }) => key.id).toSorted()
  const kept = async (tenant: string | null) =>
    (await api.keys.list(tenant, { limit: 100 })).items.map(({ id }) => id)

  api.advance(90 * DAY_MS)
  await history.sweep()
  assert.deepEqual(await kept('aa'), [living.id, expiring.id, revoked.id])
  assert.equal((await kept(null)).length, 3)
  assert.deepEqual(await live(), [api.admin.id, living.id].toSorted())
  api.advance(60_001)
  await history.sweep()
  assert.deepEqual(await kept('aa'), [living.id])
  assert.equal((await kept(null)).length, 2)
  assert.deepEqual(await store.read.keys.tokensOf(expiring.id), [])
})

const teller = (at: World) => (tenantId: string | null, count: number) =>
  at.store.write(async (q) => {
    for (let told = 0; told < count; told++) {
      await at.control.events.record(q, {
        tenantId,
        action: 'container.crash-looping',
        level: 'warning',
        target: { kind: 'container', id: 'x', name: 'x' },
        message: 'It exits again and again',
      })
    }
  })

test('sweep() leaves every tenant its share of the events, however many another has', async () => {
  await using at = await world()
  const [acme, other] = [await at.addTenant('acme'), await at.addTenant('other')]
  const tell = teller(at)
  await tell(other.id, 2)
  await tell(null, 2)
  await tell(acme.id, 100)
  const eventsKept = { most: 30, days: 10 }
  await historyService({ store: at.store, clock: at.time, eventsKept }).sweep()
  const { items } = await at.control.events.list({ limit: 1000 })
  assert.deepEqual(
    items.map(({ tenant }) => tenant),
    ['acme', 'acme', 'acme', null, null, 'other', 'other'],
  )
})

test("sweep() forgets a tenant's events when its retention or the platform's is over", async () => {
  await using at = await world()
  const acme = await at.addTenant('acme', { eventRetentionSeconds: 60 })
  const other = await at.addTenant('other', { eventRetentionSeconds: null })
  const history = historyService({
    store: at.store,
    clock: at.time,
    eventsKept: { most: 100, days: 10 },
  })
  const kept = async () => {
    await history.sweep()
    return (await at.control.events.list({ limit: 100 })).items.map(({ tenant }) => tenant)
  }
  for (const tenant of [acme.id, other.id, null]) await teller(at)(tenant, 1)
  at.time.advance(60_000)
  assert.deepEqual(await kept(), [null, 'other', 'acme'])
  at.time.advance(1)
  await teller(at)(acme.id, 1)
  assert.deepEqual(await kept(), ['acme', null, 'other'])
  await at.store.write((q) => q.limits.put(null, { eventRetentionSeconds: 50 }))
  assert.deepEqual(await kept(), ['acme'])
  at.time.advance(50_001)
  assert.deepEqual(await kept(), [])
})
