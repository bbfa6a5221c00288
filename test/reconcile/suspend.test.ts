import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import { dyingAt } from '../support/dying.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

const suspend = (at: World, reason?: string) =>
  at.control.tenants.suspend('acme', { reason }, PLATFORM)
const resume = (at: World) => at.control.tenants.resume('acme', PLATFORM)

async function settled(at: World, { operation }: { operation: { id: string } | null }) {
  assert.ok(operation)
  const signal = AbortSignal.timeout(10_000)
  const ended = await at.control.operations.settled(operation.id, 10, signal)
  return [ended.state, ended.error?.code]
}

const statuses = ({ host }: World): string[] =>
  [...host.containers.values()].map(({ wanted, status }) => `${wanted.hostname} ${status}`)

/** One that runs, one that was stopped, one whose job is done. */
async function inhabited(at: World): Promise<string> {
  const { id } = await at.addTenant('acme')
  await at.begin()
  for (const name of ['web', 'idle', 'job']) {
    await at.create('acme', { name, restart: name === 'job' ? 'no' : 'always' })
    await runs(at, 'acme', name)
  }
  await at.control.containers.stop(asked('acme', 'idle'))
  const job = [...at.host.containers.values()].find(({ wanted }) => wanted.hostname === 'job')
  at.host.exit(job?.wanted.name ?? '', 0)
  await shows(at, ['acme', 'job'], ({ state }) => state === 'exited')
  await shows(at, ['acme', 'idle'], ({ state }) => state === 'stopped')
  await at.quiet()
  return id
}

test('a suspended tenant runs nothing and loses nothing, and runs what was to run when it is resumed', async () => {
  await using at = await world()
  const id = await inhabited(at)
  const before = await at.reserved(id)
  const begun = await suspend(at, 'unpaid')
  assert.deepEqual(
    [begun.resource.state, begun.resource.suspension?.reason],
    ['suspended', 'unpaid'],
  )
  assert.deepEqual(await settled(at, begun), ['succeeded', undefined])
  assert.deepEqual(statuses(at), ['web exited', 'idle exited', 'job exited'])
  assert.deepEqual(await at.reserved(id), before)
  const web = await at.control.containers.get('acme', 'web')
  assert.deepEqual(
    [web.desired, web.state, web.reason?.code],
    ['running', 'stopped', 'tenant-suspended'],
  )
  assert.equal((await at.control.containers.get('acme', 'job')).state, 'exited')

  const resumed = await resume(at)
  assert.equal(resumed.resource.state, 'active')
  assert.deepEqual(await settled(at, resumed), ['succeeded', undefined])
  assert.deepEqual(statuses(at), ['web running', 'idle exited', 'job exited'])
  const { reason, restarts } = await at.control.containers.get('acme', 'web')
  assert.deepEqual([reason, restarts], [null, 0])
})

test('a suspended tenant is refused what would run, with the reason; it may look, stop and delete', async () => {
  await using at = await world()
  await inhabited(at)
  await settled(at, await suspend(at, 'unpaid'))
  const { containers } = at.control
  for (const refused of [
    () => at.create('acme', { name: 'other' }),
    () => containers.start(asked('acme', 'idle')),
    () => containers.restart(asked('acme', 'web')),
  ]) {
    await assert.rejects(refused, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'tenant-suspended')
      assert.match(error.message, /is suspended \(unpaid\); ask the operator of the platform/)
      return true
    })
  }
  assert.equal((await containers.list('acme', { limit: 9 })).items.length, 3)
  assert.deepEqual(await settled(at, await containers.stop(asked('acme', 'web'))), [
    'succeeded',
    undefined,
  ])
  await settled(at, await containers.delete(asked('acme', 'job'), false))
  await settled(at, await resume(at))
  await at.quiet()
  // What was stopped meanwhile is not to run.
  assert.deepEqual(statuses(at), ['web exited', 'idle exited'])
})

test('the edge hears at once that the apps of a suspended tenant are suspended', async () => {
  await using at = await world()
  await inhabited(at)
  await settled(at, await suspend(at))
  const states = () => at.edge.tables.at(-1)?.members.map(({ state }) => state)
  assert.deepEqual(states(), ['suspended', 'suspended', 'suspended'])
  await settled(at, await resume(at))
  assert.equal(states()?.includes('suspended'), false)
})

test('what waits to run when its tenant is suspended is told, and runs after it', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  at.host.intercept = ({ method }) => (method === 'startContainer' ? 'hang' : undefined)
  const made = await at.create('acme', {})
  await until('it starts', () => at.host.calls.some(({ method }) => method === 'startContainer'))
  const begun = await suspend(at)
  at.host.intercept = () => undefined
  await at.reborn()
  await at.begin()
  assert.deepEqual(await settled(at, made), ['failed', 'tenant-suspended'])
  assert.deepEqual(await settled(at, begun), ['succeeded', undefined])
  assert.deepEqual(await settled(at, await resume(at)), ['succeeded', undefined])
  assert.deepEqual(statuses(at), ['web running'])
})

test('a suspension is not over while the engine has something running of which nobody knows', async () => {
  await using at = await world()
  await inhabited(at)
  const [name = ''] = at.host.containers.keys()
  await settled(at, await suspend(at))
  // As after a start whose answer was lost, and whose event was: only the engine knows.
  at.host.deliveries = () => 0
  await at.control.engine.startContainer(name, AbortSignal.timeout(1000))
  assert.deepEqual(await settled(at, await suspend(at)), ['succeeded', undefined])
  assert.equal(at.host.containers.get(name)?.status, 'exited')
})

test('a tenant that another hand starts meanwhile is stopped again', async () => {
  await using at = await world()
  await inhabited(at)
  await settled(at, await suspend(at))
  const [name = ''] = at.host.containers.keys()
  await at.control.engine.startContainer(name, AbortSignal.timeout(1000))
  await at.control.observer.pass()
  await until('it is stopped', () => at.host.containers.get(name)?.status === 'exited')
})

test('a tenant that is suspended twice and resumed twice is asked the same, and each is answered', async () => {
  await using at = await world()
  await inhabited(at)
  const suspended = [await suspend(at, 'unpaid'), await suspend(at)]
  for (const one of suspended) assert.deepEqual(await settled(at, one), ['succeeded', undefined])
  assert.equal((await at.control.tenants.get('acme')).suspension?.reason, 'unpaid')
  const resumed = [await resume(at), await resume(at)]
  for (const one of resumed) assert.deepEqual(await settled(at, one), ['succeeded', undefined])
  assert.deepEqual(statuses(at), ['web running', 'idle exited', 'job exited'])
})

test('a suspension gives way to its end, and the other way round', async () => {
  await using at = await world()
  await inhabited(at)
  at.host.intercept = ({ method }) => (method === 'stopContainer' ? 'away' : undefined)
  const begun = await suspend(at)
  const resumed = await resume(at)
  assert.deepEqual(await settled(at, begun), ['cancelled', 'cancelled'])
  at.host.intercept = () => undefined
  await until('it is over', async () => {
    at.time.advance(1000)
    const { state } = await at.control.operations.settled(
      resumed.operation.id,
      0,
      AbortSignal.timeout(1000),
    )
    return state === 'succeeded'
  })
  assert.deepEqual(statuses(at)[0], 'web running')
})

test('a resumption fails where a container does not come up, and names it', async () => {
  await using at = await world({ program: () => (broken ? { exits: 3 } : {}) })
  let broken = false
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { restart: 'no' })
  await runs(at, 'acme', 'web')
  await settled(at, await suspend(at))
  broken = true
  const { operation } = await resume(at)
  const signal = AbortSignal.timeout(10_000)
  const ended = await at.control.operations.settled(operation.id, 10, signal)
  assert.equal(ended.state, 'failed')
  assert.match(ended.error?.message ?? '', /1 of 1 containers did not come up: web/)
})

test('a resumption on a drained machine fails and says so, and the end of the drain runs it', async () => {
  await using at = await world()
  await inhabited(at)
  await settled(at, await suspend(at))
  await settled(at, await at.control.scheduling.change('drain', 'local', PLATFORM))
  assert.deepEqual(await settled(at, await resume(at)), ['failed', 'container-exited'])
  assert.equal(statuses(at)[0], 'web exited')
  await at.control.scheduling.change('uncordon', 'local', PLATFORM)
  await runs(at, 'acme', 'web')
})

test('events tell of both, the first with its reason', async () => {
  await using at = await world()
  await inhabited(at)
  await settled(at, await suspend(at, 'unpaid'))
  await settled(at, await resume(at))
  const { items } = await at.control.events.list({ limit: 100 })
  const told = items.filter(({ action }) => action.startsWith('tenant.'))
  assert.deepEqual(
    told.map(({ action, message }) => `${action}: ${message}`),
    [
      'tenant.resumed: Tenant "acme" was resumed',
      'tenant.suspended: Tenant "acme" was suspended: unpaid',
    ],
  )
})

const POINTS = ['before-hold', 'hold-noted', 'container-stopped', 'before-note-held', 'held-noted']
const AFTER = ['tenant-before-wait', 'tenant-before-end', 'tenant-ended']

for (const point of [...POINTS, ...AFTER]) {
  test(`killed at "${point}" of a suspension: the next life brings it to its end`, async () => {
    await using at = await world()
    await inhabited(at)
    const begun = await dyingAt(at, point, () => suspend(at))
    assert.deepEqual(await settled(at, begun), ['succeeded', undefined])
    assert.deepEqual(statuses(at), ['web exited', 'idle exited', 'job exited'])
    assert.deepEqual(await settled(at, await resume(at)), ['succeeded', undefined])
    assert.deepEqual(statuses(at), ['web running', 'idle exited', 'job exited'])
  })
}

const BACK = ['before-resume', 'resumed', 'run-begun', 'container-started', 'running-noted']

for (const point of [...BACK, 'tenant-before-end', 'tenant-ended']) {
  test(`killed at "${point}" of a resumption: the next life brings it to its end`, async () => {
    await using at = await world()
    await inhabited(at)
    await settled(at, await suspend(at))
    await at.quiet()
    at.time.advance(1000)
    const begun = await dyingAt(at, point, () => resume(at))
    assert.deepEqual(await settled(at, begun), ['succeeded', undefined])
    assert.deepEqual(statuses(at), ['web running', 'idle exited', 'job exited'])
  })
}
