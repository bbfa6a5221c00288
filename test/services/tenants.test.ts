import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerRow } from '../../db/queries/containers.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { allLimits } from '../../src/core/quota.ts'
import { NOTHING_HELD } from '../../src/core/resize.ts'
import { tenantService } from '../../src/services/tenants.ts'
import { PLAIN } from '../../src/services/placement.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

const create = (world: ApiWorld, slug: string) =>
  world.tenants.create({ slug, policy: 'baseline' }, PLATFORM)
const DAY_MS = 24 * 60 * 60 * 1000

test('create() takes the limits that are given, the defaults for the rest, and null for none at all', async () => {
  await using world = await apiWorld()
  const limits = { cpuMilli: null, containers: 0 }
  const made = await world.tenants.create({ slug: 'aa', policy: 'restricted', limits }, PLATFORM)
  assert.deepEqual(made.limits, allLimits({ containers: 0 }))
  assert.equal(made.policy, 'restricted')
  assert.deepEqual(await world.tenants.get('aa'), made)
})

test('create() refuses a slug that is taken, and those that are the platform’s', async () => {
  await using world = await apiWorld()
  await create(world, 'aa')
  await assert.rejects(create(world, 'aa'), { code: 'name-taken' })
  for (const slug of ['all', 'www', 'api', 'console', 'localhost', 'internal', 'platform']) {
    await assert.rejects(create(world, slug), { code: 'invalid-input' }, slug)
  }
})

test('create() gives one slug to one of ten who ask at once', async () => {
  await using world = await apiWorld()
  const asked = Array.from({ length: 10 }, () => create(world, 'aa'))
  const answers = await Promise.allSettled(asked)
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('create() makes one tenant, and no second, where nothing isolates them', async () => {
  await using world = await apiWorld()
  const alone = tenantService({ ...world.tenantDeps, isolated: false })
  const asked = (slug: string) => alone.create({ slug, policy: 'baseline' }, PLATFORM)
  await asked('aa')
  await assert.rejects(asked('bb'), { code: 'state-conflict' })
  await alone.delete('aa', PLATFORM)
  await asked('bb')
})

test('a deleted tenant’s slug rests thirty days and then is another tenant’s', async () => {
  await using world = await apiWorld()
  const first = await create(world, 'aa')
  await world.tenants.delete('aa', PLATFORM)
  await assert.rejects(world.tenants.get('aa'), { code: 'not-found' })
  world.advance(30 * DAY_MS - 1)
  await assert.rejects(create(world, 'aa'), { code: 'name-taken' })
  world.advance(1)
  const second = await create(world, 'aa')
  assert.notEqual(second.id, first.id)
})

test('delete() takes credentials, images and networks of the tenant with it', async () => {
  await using world = await apiWorld()
  const { id } = await create(world, 'aa')
  await world.registries.put(
    { tenant: 'aa', host: 'r', actor: PLATFORM },
    { username: 'u', password: 'p' },
  )
  await world.store.write(async (q) => {
    await q.images.put({ tenantId: id, reference: 'x', imageId: 'sha256:1', addedAt: 1 })
    await q.networks.insert(network(id))
  })
  // What the engine still has of it goes first.
  const begun = await world.tenants.delete('aa', PLATFORM)
  assert.equal(begun.operation?.state, 'pending')
  assert.equal((await world.tenants.get('aa')).state, 'deleting')
  const gone = { state: 'gone', releasedAt: 1 } as const
  await world.store.write((q) => q.networks.update('network000000001', gone))
  await world.tenants.delete('aa', PLATFORM)
  assert.deepEqual(await world.store.read.registries.list(id), [])
  assert.deepEqual(await world.store.read.images.list(id), [])
  await assert.rejects(world.tenants.get('aa'), { code: 'not-found' })
})

test('delete() is refused while a container is there, and nothing is changed by it', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const { id: tenantId } = await world.tenants.get('aa')
  await world.store.write(async (q) => {
    await q.networks.insert(network(tenantId))
    await q.containers.insert(container(tenantId))
  })
  await assert.rejects(world.tenants.delete('aa', PLATFORM), { code: 'state-conflict' })
  assert.equal((await world.call('GET /v1/tenants/aa', { token })).status, 200)
  await world.store.write((q) => q.containers.update('container0000001', { removedAt: 2 }))
  await world.tenants.delete('aa', PLATFORM)
})

const network = (tenantId: string): NetworkRow => ({
  id: 'network000000001',
  tenantId,
  nodeId: 'local',
  name: 'default',
  subnet: '10.208.1.0/24',
  desired: 'present',
  state: 'ready',
  generation: 4,
  createdAt: 1,
  releasedAt: null,
  ...PLAIN,
})

const container = (tenantId: string): ContainerRow => ({
  id: 'container0000001',
  tenantId,
  nodeId: 'local',
  name: 'c',
  networkId: 'network000000001',
  specJson: '{}',
  policy: 'baseline',
  cpuMilli: 1,
  cpuShares: 2,
  memoryBytes: 3,
  pids: 4,
  ...NOTHING_HELD,
  desired: 'running',
  generation: 1,
  specGeneration: 1,
  run: 1,
  state: 'running',
  startedRun: 1,
  startingAt: null,
  runtime: 'default',
  imageJson: null,
  imageId: null,
  imageBytes: null,
  appPort: null,
  endpointsJson: '[]',
  exitCode: null,
  reasonCode: null,
  reasonMessage: null,
  restarts: 0,
  retryAt: null,
  createdAt: 1,
  startedAt: null,
  finishedAt: null,
  removedAt: null,
  secretsJson: null,
  secretsOutdatedAt: null,
  joiningSince: null,
})

test('update() changes what is named and leaves the rest', async () => {
  await using world = await apiWorld()
  const made = await create(world, 'aa')
  const changed = await world.tenants.update('aa', { limits: { containers: 3 } }, PLATFORM)
  assert.deepEqual(changed, { ...made, limits: { ...made.limits, containers: 3 } })
  const strict = await world.tenants.update('aa', { policy: 'restricted' }, PLATFORM)
  assert.deepEqual(strict, { ...changed, policy: 'restricted' })
  assert.deepEqual(await world.tenants.update('aa', {}, PLATFORM), strict)
  await assert.rejects(world.tenants.update('zz', {}, PLATFORM), { code: 'not-found' })
})

test('list() goes through all tenants page by page', async () => {
  await using world = await apiWorld()
  for (const slug of ['cc', 'aa', 'bb']) await create(world, slug)
  const first = await world.tenants.list({ limit: 2 })
  assert.deepEqual(
    first.items.map(({ slug }) => slug),
    ['aa', 'bb'],
  )
  assert.ok(first.nextCursor)
  const second = await world.tenants.list({ limit: 2, cursor: first.nextCursor })
  assert.deepEqual(
    second.items.map(({ slug }) => slug),
    ['cc'],
  )
  assert.equal(second.nextCursor, null)
})
