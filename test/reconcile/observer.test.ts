import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EngineEvent } from '../../src/ports/engine.ts'
import { engineObserver } from '../../src/reconcile/observer.ts'
import type { HostContainer } from '../fakes/engine-host.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

async function oneRunning(at: World, restart: 'no' | 'always' = 'no') {
  const tenant = await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { restart })
  await runs(at, 'acme', 'web')
  await at.quiet()
  const [object] = at.host.containers.values()
  assert.ok(object)
  return { tenant, object, name: object.wanted.name }
}

/** Ends a process in a way that no event tells of. */
function endUnseen(at: World, object: HostContainer): void {
  object.status = 'exited'
  const finishedAt = at.time.now()
  object.exit = {
    exitCode: 3,
    oomKilled: false,
    error: '',
    startedAt: object.startedAt,
    finishedAt,
  }
}

test('an end that no event tells of is found by the full list', async () => {
  await using at = await world()
  const { object } = await oneRunning(at)
  endUnseen(at, object)
  at.time.advance(29_000)
  await at.quiet()
  assert.equal((await at.control.containers.get('acme', 'web')).state, 'running')
  at.time.advance(1000)
  const web = await shows(at, ['acme', 'web'], ({ state }) => state === 'exited')
  assert.equal(web.exitCode, 3)
})

test('while the engine is away reads answer and changes are refused; then all goes on', async () => {
  await using at = await world()
  const { object } = await oneRunning(at, 'always')
  at.host.stopEngine()
  await until('it is seen to be away', () => !at.control.observer.isUp())
  assert.equal((await at.control.containers.list('acme', { limit: 9 })).items.length, 1)
  await assert.rejects(at.control.containers.stop(asked('acme', 'web')), {
    code: 'engine-unavailable',
  })
  endUnseen(at, object)
  at.time.advance(5000)
  at.host.startEngine()
  await until('it is back', () => {
    at.time.advance(1000)
    return at.control.observer.isUp()
  })
  await until('it runs again', () => {
    at.time.advance(1000)
    return object.status === 'running'
  })
  await runs(at, 'acme', 'web')
  assert.equal(at.host.containers.size, 1)
})

test('ready() waits for the engine, and gives up when its caller does', async () => {
  await using at = await world()
  at.host.stopEngine()
  at.control.observer.start()
  const caller = new AbortController()
  const waiting = at.control.observer.ready(caller.signal)
  caller.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  const patient = at.control.observer.ready(AbortSignal.timeout(5000))
  let ready = false
  const told = patient.then(() => (ready = true))
  at.host.startEngine()
  await until('it is ready', () => {
    at.time.advance(1000)
    return ready
  })
  await told
})

test('a container that outlived its row is removed, one that no row knows is left alone', async () => {
  await using at = await world()
  const { object, name } = await oneRunning(at)
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
  at.host.containers.set(name, object)
  const stranger = {
    ...object,
    name: 'older',
    wanted: { ...object.wanted, id: 'zzzzzzzzzzzzzzzz', name: 'older' },
  }
  at.host.containers.set('older', stranger)
  at.time.advance(30_000)
  await until('the orphan is gone', () => !at.host.containers.has(name))
  await at.control.observer.pass()
  assert.deepEqual([...at.host.containers.keys()], ['older'])
})

test('what the engine refuses to remove does not make it count as away', async () => {
  await using at = await world()
  const { object, name } = await oneRunning(at)
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  at.host.containers.set(name, object)
  at.host.intercept = ({ method }) =>
    method === 'removeContainer' ? { status: 409, answer: 'removal is in progress' } : undefined
  await at.control.observer.pass()
  assert.ok(at.control.observer.isUp())
  await at.create('acme', { name: 'other' })
  await runs(at, 'acme', 'other')
})

test('the network of a tenant that is gone is removed, and its subnet rests', async () => {
  await using at = await world()
  const { tenant } = await oneRunning(at)
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
  const [network] = at.host.networks.values()
  await at.store.write((q) => q.tenants.markDeleted(tenant.id, at.time.now().getTime()))
  await at.control.observer.pass()
  await at.quiet()
  assert.equal(at.host.networks.size, 0)
  assert.deepEqual(await at.store.read.networks.live(), [])

  // A create that was long on the way.
  if (network) at.host.networks.set(network.wanted.name, network)
  await at.control.observer.pass()
  await at.quiet()
  assert.equal(at.host.networks.size, 0)

  await at.addTenant('zeta')
  const { resource } = await at.create('zeta', {})
  assert.equal(resource.addresses[0]?.address, '10.208.2.2')
})

test('a network made after the list of a tenant that is gone by then is removed, too', async () => {
  await using at = await world()
  const { tenant } = await oneRunning(at)
  const [network] = at.host.networks.values()
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
  await at.store.write((q) => q.tenants.markDeleted(tenant.id, at.time.now().getTime()))
  at.host.networks.clear()
  at.host.intercept = ({ method }) => {
    if (method === 'removeNetwork' && network) at.host.networks.set(network.wanted.name, network)
    return undefined
  }
  await at.control.observer.pass()
  await at.quiet()
  assert.equal(at.host.networks.size, 0)
})

test('a stream of events that ends in peace is opened anew, and not in circles', async () => {
  await using at = await world()
  let opened = 0
  // oxlint-disable-next-line require-yield -- it ends before the first
  async function* events(): AsyncGenerator<EngineEvent> {
    opened += 1
  }
  const { store, time } = at
  const { engine, known } = at.control
  const observer = engineObserver({
    store,
    engine: { ...engine, events },
    known,
    groups: at.control.groups,
    firewall: at.control.firewall,
    orphans: at.control.orphans,
    clock: time,
    timers: time,
    lookMs: 30_000,
    log: () => undefined,
    wake: () => undefined,
    wakeNetwork: () => undefined,
    returned: () => undefined,
    wakeTenant: () => undefined,
  })
  observer.start()
  await until('it waits', () => opened === 1 && time.waiting > 0 && observer.isUp())
  const lists = () => at.host.calls.filter(({ method }) => method === 'list').length
  assert.equal(lists(), 1)
  await until('it opens anew', () => {
    time.advance(100)
    return opened > 1
  })
  await observer.stop()
})
