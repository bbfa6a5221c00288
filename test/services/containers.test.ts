import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import { Failure } from '../../src/core/failure.ts'
import { asked, runs, shows, until, world, type Wanted, type World } from '../support/world.ts'

const MIB = 1024 * 1024

/** Everything that a create writes, counted. */
async function written({ store }: World, tenantId: string, name = 'web') {
  const { containers, names, networks, operations, audit } = store.read
  return {
    containers: await containers.countLive(tenantId),
    name: (await names.owner(tenantId, name)) !== undefined,
    networks: (await networks.ofTenant(tenantId)).length,
    operations: (await operations.list(tenantId, { limit: 100 })).length,
    audit: (await audit.after(tenantId, 0, 100)).length,
  }
}

test('create() writes row, name, address, operation and audit entry together', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  await at.begin()
  const { resource, operation } = await at.create('acme', { name: 'web' })
  assert.deepEqual(await written(at, acme.id), {
    containers: 1,
    name: true,
    networks: 1,
    operations: 1,
    audit: 1,
  })
  assert.equal(resource.state, 'pending')
  assert.equal(operation.kind, 'containers.create')
  assert.deepEqual(operation.target, { kind: 'container', id: resource.id, name: 'web' })
  assert.deepEqual(resource.resources, {
    memoryBytes: 256 * MIB,
    cpuMilli: 500,
    cpuShares: 512,
    pids: 256,
  })
})

test('create() leaves nothing when anything in its transaction throws', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  await at.begin()
  const { audit } = at.control
  Object.assign(audit, { accepted: () => Promise.reject(new Error('the disk is full')) })
  await assert.rejects(at.create('acme', { name: 'web' }), /the disk is full/)
  assert.deepEqual(await written(at, acme.id), {
    containers: 0,
    name: false,
    networks: 0,
    operations: 0,
    audit: 0,
  })
})

test('create() lets one of ten through where the quota has room for one', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme', { containers: 1 })
  await at.begin()
  const names = Array.from({ length: 10 }, (_, i) => `web-${i}`)
  const settled = await Promise.allSettled(names.map((name) => at.create('acme', { name })))
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const one of settled) {
    if (one.status === 'fulfilled') continue
    assert.ok(one.reason instanceof Failure)
    assert.equal(one.reason.code, 'quota-exceeded')
    assert.deepEqual(one.reason.details, {
      shortages: [{ resource: 'containers', limit: 1, used: 1, requested: 1, scope: 'tenant' }],
    })
  }
  assert.equal(await at.store.read.containers.countLive(acme.id), 1)
})

test('create() names every resource that is short', async () => {
  await using at = await world()
  await at.addTenant('acme', { cpuMilli: 100, memoryBytes: 6 * MIB })
  await at.begin()
  await assert.rejects(at.create('acme', { cpuMilli: 101, memoryBytes: 7 * MIB }), (error) => {
    assert.ok(error instanceof Failure)
    assert.deepEqual(error.details, {
      shortages: [
        { resource: 'cpuMilli', limit: 100, used: 0, requested: 101, scope: 'tenant' },
        { resource: 'memoryBytes', limit: 6 * MIB, used: 0, requested: 7 * MIB, scope: 'tenant' },
      ],
    })
    return true
  })
})

test('create() gives one name once in a tenant, and to each of two tenants', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.begin()
  const racing = await Promise.allSettled([at.create('acme', {}), at.create('acme', {})])
  const refused = racing.filter((one) => one.status === 'rejected')
  assert.deepEqual(
    refused.map(({ reason }) => (reason instanceof Failure ? reason.code : reason)),
    ['name-taken'],
  )
  const other = await at.create('zeta', {})
  assert.equal(other.resource.hostname, 'web.zeta.internal')
  assert.equal(other.resource.addresses[0]?.address, '10.208.2.2')
})

test('create() refuses what the schema alone cannot see', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const ports = [{ port: 80 }, { port: 81 }]
  const healthCheck = { type: 'http' as const }
  const cases: [Wanted, string][] = [
    [{ name: 'a', ports }, '#/ports'],
    [{ name: 'b', ports: [], healthCheck }, '#/healthCheck/port'],
    [{ name: 'c', image: 'a:b:c' }, '#/image'],
    [{ name: 'd', policy: 'restricted', user: 'root' }, '#/user'],
    [{ name: 'e', policy: 'restricted', user: '0:0' }, '#/user'],
  ]
  for (const [wanted, pointer] of cases) {
    await assert.rejects(at.create('acme', wanted), (error) => {
      assert.ok(error instanceof Failure && error.code === 'invalid-input', String(error))
      assert.ok('errors' in error.details)
      assert.equal(error.details.errors[0]?.pointer, pointer)
      return true
    })
  }
  for (const name of ['all', 'api', 'www', 'localhost', 'internal', 'console']) {
    await assert.rejects(at.create('acme', { name }), { code: 'name-taken' })
  }
})

test('create() holds a restricted tenant to its policy', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.store.write((q) => q.tenants.update(id, { policy: 'restricted' }))
  await at.begin()
  await assert.rejects(at.create('acme', { policy: 'baseline' }), { code: 'invalid-input' })
  const { resource } = await at.create('acme', { user: '1000' })
  assert.equal((await at.store.read.containers.byId(resource.id))?.policy, 'restricted')
})

test('create() is refused while the engine is away, and writes nothing', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  await assert.rejects(at.create('acme', {}), { code: 'engine-unavailable' })
  assert.equal((await written(at, acme.id)).containers, 0)
})

async function threeOf(at: World): Promise<void> {
  await at.addTenant('acme')
  await at.begin()
  const labels: Record<string, string>[] = [
    { tier: 'front' },
    { tier: 'back', 'a.b/c': '1=2' },
    { tier: 'front' },
    {},
  ]
  for (const [i, each] of labels.entries()) {
    await at.create('acme', { name: `web-${i}`, labels: each })
  }
}

async function pages(at: World, query: { limit: number; label?: string; name?: string }) {
  const names: string[][] = []
  let cursor: string | undefined
  do {
    const page = await at.control.containers.list('acme', { ...query, cursor })
    names.push(page.items.map(({ name }) => name))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return names
}

test('list() goes through all containers by name, a page at a time', async () => {
  await using at = await world()
  await threeOf(at)
  assert.deepEqual(await pages(at, { limit: 3 }), [['web-0', 'web-1', 'web-2'], ['web-3']])
  assert.deepEqual(await pages(at, { limit: 100 }), [['web-0', 'web-1', 'web-2', 'web-3']])
})

test('list() fills its pages with containers that carry the label', async () => {
  await using at = await world()
  await threeOf(at)
  assert.deepEqual((await pages(at, { limit: 2, label: 'tier=front' }))[0], ['web-0', 'web-2'])
  assert.deepEqual((await pages(at, { limit: 1, label: 'tier=back' }))[0], ['web-1'])
  assert.deepEqual(await pages(at, { limit: 4, label: 'tier' }), [['web-0', 'web-1', 'web-2']])
  assert.deepEqual(await pages(at, { limit: 4, label: 'a.b/c=1=2' }), [['web-1']])
  assert.deepEqual(await pages(at, { limit: 4, label: 'tier=' }), [[]])
  assert.deepEqual(await pages(at, { limit: 4, label: "tier' OR 1=1 --" }), [[]])
})

test('list() takes the beginning of a name for what it is', async () => {
  await using at = await world()
  await threeOf(at)
  assert.deepEqual(await pages(at, { limit: 9, name: 'web-1' }), [['web-1']])
  for (const name of ['%', '_', 'WEB', 'web_']) {
    assert.deepEqual(await pages(at, { limit: 9, name }), [[]])
  }
})

test('status() answers each asked, in order, unknown ones too', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.begin()
  const mine = await at.create('acme', { name: 'web' })
  const theirs = await at.create('zeta', { name: 'db' })
  const askedFor = ['nobody', mine.resource.id, 'web', theirs.resource.id, 'db']
  const { items } = await at.control.containers.status('acme', askedFor)
  assert.deepEqual(
    items.map(({ asked: name, container }) => [name, container?.name ?? null]),
    [
      ['nobody', null],
      [mine.resource.id, 'web'],
      ['web', 'web'],
      [theirs.resource.id, null],
      ['db', null],
    ],
  )
})

test('what belongs to another tenant is not found, and stays as it is', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.begin()
  const { resource, operation } = await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const { containers, operations } = at.control
  const mistaken = asked('zeta', resource.id)
  const wait = { seconds: 0, signal: AbortSignal.timeout(1000) }
  for (const ask of [
    () => containers.get('zeta', resource.id),
    () => containers.start(mistaken),
    () => containers.stop(mistaken),
    () => containers.restart(mistaken),
    () => containers.rename(mistaken, 'mine'),
    () => containers.delete(mistaken, true),
    () => operations.get('zeta', operation.id, wait),
    () => operations.cancel('zeta', operation.id, PLATFORM),
    () => containers.get('nobody', 'web'),
  ]) {
    await assert.rejects(ask(), { code: 'not-found' })
  }
  const still = await containers.get('acme', 'web')
  assert.deepEqual([still.state, still.generation], ['running', 1])
})

test('rename() gives a new name and frees the old one; address and process stay', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const { resource } = await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const { operation } = await at.control.containers.rename(asked('acme', 'web'), 'site')
  assert.equal(operation.state, 'succeeded')
  const site = await at.control.containers.get('acme', 'site')
  assert.deepEqual(site.addresses, resource.addresses)
  assert.deepEqual([site.id, site.state, site.restarts], [resource.id, 'running', 0])
  await until('the edge knows', () => at.edge.member(resource.id)?.name === 'site')
  await at.create('acme', { name: 'web' })
  await assert.rejects(at.control.containers.rename(asked('acme', 'web'), 'site'), {
    code: 'name-taken',
  })
})

test('delete() refuses one that runs, unless it is forced', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  await assert.rejects(at.control.containers.delete(asked('acme', 'web'), false), (error) => {
    assert.ok(error instanceof Failure && error.code === 'state-conflict')
    assert.match(error.message, /it is running; stop it first/)
    return true
  })
  assert.equal((await at.control.containers.get('acme', 'web')).desired, 'running')
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  await at.control.containers.delete(asked('acme', 'web'), false)
  await until('it is gone', () => at.host.containers.size === 0)
})

test('nothing but a deletion can be asked of one that is being deleted', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  at.host.intercept = ({ method }) => (method === 'removeContainer' ? 'away' : undefined)
  const { containers } = at.control
  const first = await containers.delete(asked('acme', 'web'), true)
  for (const verb of ['start', 'stop', 'restart'] as const) {
    await assert.rejects(containers[verb](asked('acme', 'web')), { code: 'state-conflict' })
  }
  const second = await containers.delete(asked('acme', 'web'), false)
  at.host.intercept = () => undefined
  at.time.advance(60_000)
  for (const { operation } of [first, second]) {
    const signal = AbortSignal.timeout(5000)
    const ended = await at.control.operations.settled(operation.id, 5, signal)
    assert.equal(ended.state, 'succeeded')
  }
})

test('start() of one that is on its way joins it, and does not begin anew', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const created = await at.create('acme', {})
  const started = await at.control.containers.start(asked('acme', 'web'))
  for (const { operation } of [created, started]) {
    const signal = AbortSignal.timeout(5000)
    const ended = await at.control.operations.settled(operation.id, 5, signal)
    assert.equal(ended.state, 'succeeded')
  }
  const starts = at.host.calls.filter(({ method }) => method === 'startContainer')
  assert.equal(starts.length, 1)
})

test('the answer of a deletion shows the container as it was last seen', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const { fresh, operation } = await at.control.containers.delete(asked('acme', 'web'), true)
  await at.control.operations.settled(operation.id, 5, AbortSignal.timeout(5000))
  const last = await fresh()
  assert.deepEqual([last.name, last.desired, last.state], ['web', 'absent', 'deleting'])
})
