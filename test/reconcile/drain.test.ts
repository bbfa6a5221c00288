import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import type { NodeVerb } from '../../src/core/scheduling.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

const say = (at: World, verb: NodeVerb) => at.control.scheduling.change(verb, 'local', PLATFORM)

/** The operation, once it has ended; time goes on meanwhile. */
async function over(at: World, id: string) {
  await until('the operation has ended', async () => {
    at.time.advance(250)
    const row = await at.store.read.operations.byId(id)
    return row !== undefined && row.state !== 'pending' && row.state !== 'running'
  })
  await at.quiet()
  return at.store.read.operations.byId(id)
}

async function done(at: World, verb: NodeVerb): Promise<void> {
  const { operation } = await say(at, verb)
  const row = await over(at, operation.id)
  assert.deepEqual([row?.state, row?.progress, row?.tenantId], ['succeeded', 100, null])
}

const stateOf = async (at: World, name: string) => {
  const { state, desired, reason } = await at.control.containers.get('acme', name)
  return { state, desired, reason: reason?.code ?? null }
}
const processes = ({ host }: World): number =>
  [...host.containers.values()].filter(({ status }) => status === 'running').length

async function told(at: World): Promise<string[]> {
  const { items } = await at.control.events.list({ limit: 100 })
  return items.map(({ action }) => action).filter((action) => action.startsWith('node.'))
}

/** One that runs, one that was stopped, and one whose job is done. */
async function three(at: World): Promise<void> {
  await at.addTenant('acme')
  await at.begin()
  for (const name of ['web', 'off', 'job']) {
    await at.create('acme', { name, restart: 'no' })
    await runs(at, 'acme', name)
  }
  await at.control.containers.stop(asked('acme', 'off'))
  const job = [...at.host.containers].find(([, { wanted }]) => wanted.hostname === 'job')
  at.host.exit(job?.[0] ?? '', 0)
  await shows(at, ['acme', 'off'], ({ state }) => state === 'stopped')
  await shows(at, ['acme', 'job'], ({ state }) => state === 'exited')
  await at.quiet()
}

test('a cordoned machine takes nothing new, and what runs on it goes on and may be restarted', async () => {
  await using at = await world()
  await three(at)
  await done(at, 'cordon')
  const { containers } = at.control
  await assert.rejects(at.create('acme', { name: 'new' }), {
    code: 'node-cordoned',
    message: /^Cannot create container "new": machine "local" takes nothing new; try again when/,
  })
  await assert.rejects(containers.start(asked('acme', 'off')), { code: 'node-cordoned' })
  await assert.rejects(containers.restart(asked('acme', 'off')), { code: 'node-cordoned' })
  assert.equal((await stateOf(at, 'web')).state, 'running')
  await containers.restart(asked('acme', 'web'))
  await runs(at, 'acme', 'web')
  await at.quiet()
  assert.equal(processes(at), 1)
  await done(at, 'uncordon')
  await at.create('acme', { name: 'new' })
  assert.deepEqual(await told(at), ['node.uncordoned', 'node.cordoned'])
})

test('a drained machine runs nothing, forgets nothing, and runs again what was to run', async () => {
  await using at = await world()
  await three(at)
  const before = at.reserved((await at.store.read.tenants.bySlug('acme'))?.id ?? '')
  await done(at, 'drain')
  assert.equal(processes(at), 0)
  const held = { state: 'stopped', desired: 'running', reason: 'node-drained' }
  assert.deepEqual(await stateOf(at, 'web'), held)
  assert.deepEqual((await stateOf(at, 'off')).reason, null)
  assert.equal((await stateOf(at, 'job')).state, 'exited')
  const after = at.reserved((await at.store.read.tenants.bySlug('acme'))?.id ?? '')
  assert.deepEqual(await after, await before)
  await assert.rejects(at.create('acme', { name: 'new' }), { code: 'node-cordoned' })
  await assert.rejects(at.control.containers.restart(asked('acme', 'web')), {
    code: 'node-cordoned',
    details: { node: 'local', scheduling: 'drained' },
  })
  await at.reborn()
  await at.begin()
  await at.quiet()
  assert.equal(processes(at), 0)

  await done(at, 'uncordon')
  assert.deepEqual(await stateOf(at, 'web'), { state: 'running', desired: 'running', reason: null })
  assert.equal((await stateOf(at, 'off')).state, 'stopped')
  assert.equal((await stateOf(at, 'job')).state, 'exited')
  assert.equal(processes(at), 1)
  assert.deepEqual(await told(at), ['node.uncordoned', 'node.drained', 'node.draining'])
})

test('one that is stopped while its machine is drained stays so, and one that is deleted goes', async () => {
  await using at = await world()
  await three(at)
  await done(at, 'drain')
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], (web) => web.state === 'stopped' && web.reason === null)
  await at.control.containers.delete(asked('acme', 'job'), false)
  await until('it is gone', () => at.host.containers.size === 2)
  await done(at, 'uncordon')
  assert.equal(processes(at), 0)
})

test('who waits for a container to run is told that its machine is drained, and it runs later', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  at.host.intercept = ({ method }) => (method === 'createContainer' ? 'away' : undefined)
  const { operation } = await at.create('acme', {})
  await say(at, 'drain')
  at.host.intercept = () => undefined
  const failed = await over(at, operation.id)
  assert.equal(failed?.state, 'failed')
  assert.match(failed?.errorJson ?? '', /"code":"node-drained".*is drained; it runs again when/)
  assert.equal(processes(at), 0)
  await done(at, 'uncordon')
  await runs(at, 'acme', 'web')
})

test('an uncordon takes the place of a drain that is under way', async () => {
  await using at = await world()
  await three(at)
  at.host.intercept = ({ method }) => (method === 'stopContainer' ? 'away' : undefined)
  const { operation, resource } = await say(at, 'drain')
  assert.match(resource.notice ?? '', /^This is the only machine: no container .* until it is unc/)
  const again = await say(at, 'drain')
  await until('the stop was tried', () =>
    at.host.calls.some(({ method }) => method === 'stopContainer'),
  )
  at.host.intercept = () => undefined
  await done(at, 'uncordon')
  for (const { id } of [operation, again.operation]) {
    assert.equal((await over(at, id))?.state, 'cancelled')
  }
  await runs(at, 'acme', 'web')
  assert.deepEqual(await told(at), ['node.uncordoned', 'node.draining'])
})

test('a drain joins one that is under way, and one that is over is over at once', async () => {
  await using at = await world()
  await three(at)
  const [first, second] = [await say(at, 'drain'), await say(at, 'drain')]
  for (const { operation } of [first, second]) {
    assert.equal((await over(at, operation.id))?.state, 'succeeded')
  }
  await done(at, 'drain')
  await done(at, 'cordon')
  assert.equal((await stateOf(at, 'web')).reason, 'node-drained')
  assert.deepEqual(await told(at), ['node.drained', 'node.drained', 'node.draining'])
})

const DRAIN = ['before-hold', 'hold-noted', 'container-stopped', 'before-note-held', 'held-noted']
const SETTLED = ['before-node-settled', 'node-settled']
const UNCORDON = ['before-resume', 'resumed', 'run-begun', 'container-started', 'running-noted']

for (const point of [...DRAIN, ...SETTLED]) {
  test(`killed at "${point}" while it drains: nothing runs, and all of it comes back`, async () => {
    await using at = await world()
    await three(at)
    await killed(at, point, 'drain')
    assert.equal(processes(at), 0)
    assert.equal((await stateOf(at, 'web')).reason, 'node-drained')
    await done(at, 'uncordon')
    await runs(at, 'acme', 'web')
    assert.equal((await stateOf(at, 'job')).state, 'exited')
    assert.equal(processes(at), 1)
  })
}

for (const point of [...UNCORDON, ...SETTLED]) {
  test(`killed at "${point}" while it uncordons: what was to run runs, once`, async () => {
    await using at = await world()
    await three(at)
    await done(at, 'drain')
    await killed(at, point, 'uncordon')
    await runs(at, 'acme', 'web')
    assert.equal((await stateOf(at, 'job')).state, 'exited')
    assert.equal(processes(at), 1)
  })
}

/** Lives until the point, and then again until the operation has ended. */
async function killed(at: World, point: string, verb: NodeVerb): Promise<void> {
  let died = false
  await at.reborn((passed) => {
    if (died) throw new Error('it is dead')
    if (passed !== point) return
    died = true
    void at.control.loop.stop()
    void at.control.nodes.stop()
    throw new Error(`died at ${point}`)
  })
  await at.begin()
  const { operation } = await say(at, verb)
  await until(`it dies at ${point}`, () => {
    at.time.advance(250)
    return died
  })
  await at.reborn()
  await at.begin()
  assert.equal((await over(at, operation.id))?.state, 'succeeded')
}

test('of two holds the one that is left is the reason, and only the end of both lets it run', async () => {
  await using at = await world()
  await three(at)
  const { tenants } = at.control
  await tenants.suspend('acme', {}, PLATFORM)
  await done(at, 'drain')
  assert.equal((await stateOf(at, 'web')).reason, 'tenant-suspended')
  await tenants.resume('acme', PLATFORM)
  await shows(at, ['acme', 'web'], ({ reason }) => reason?.code === 'node-drained')
  await tenants.suspend('acme', {}, PLATFORM)
  await done(at, 'uncordon')
  await shows(at, ['acme', 'web'], ({ reason }) => reason?.code === 'tenant-suspended')
  assert.equal(processes(at), 0)
  await tenants.resume('acme', PLATFORM)
  await runs(at, 'acme', 'web')
})
