import assert from 'node:assert/strict'
import { test } from 'node:test'
import { driftOf } from '../../src/core/container-drift.ts'
import {
  connect,
  disconnect,
  pause,
  remove,
  removeNetwork,
  rename,
  stop,
  update,
} from '../fakes/engine-changes.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

/** A container that runs as it was made, and what it is called on the engine. */
async function oneRunning(at: World) {
  await at.addTenant('acme')
  await at.begin()
  const { resource } = await at.create('acme', { restart: 'always' })
  await runs(at, 'acme', 'web')
  await at.quiet()
  const [object] = at.host.containers.values()
  assert.ok(object)
  return { id: resource.id, name: object.name, object, network: object.wanted.network }
}

const repairs = async (at: World): Promise<string[]> => {
  const { items } = await at.control.events.list({ limit: 100 })
  return items
    .filter(({ action }) => action.endsWith('.repaired'))
    .map(({ action, details }) => `${action}: ${String(details['found'])}`)
    .toReversed()
}

/** The clock goes on, as it would, until it is so. */
const inTime = (at: World, what: string, condition: () => boolean | Promise<boolean>) =>
  until(what, async () => {
    at.time.advance(1000)
    return condition()
  })

test('limits that another hand has changed are put back at once, and a restart policy goes', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  const made = object.set
  update(at.host, name, { memoryBytes: 1, cpuMilli: 2, cpuShares: 3, pids: 4, restart: 'always' })
  await until('it is as made', () => object.set.memoryBytes === made.memoryBytes)
  await at.quiet()
  assert.deepEqual(object.set, made)
  assert.equal(object.status, 'running')
  assert.deepEqual(await repairs(at), [
    'container.repaired: its limits or its restart policy had been changed',
  ])
})

test('limits that were changed while nobody heard are put back within minutes', async () => {
  await using at = await world()
  const { object } = await oneRunning(at)
  const made = object.set
  at.time.advance(30_000)
  await at.quiet()
  object.set = { ...made, memoryBytes: 1 }
  await inTime(at, 'it is as made', () => object.set.memoryBytes === made.memoryBytes)
})

test('limits of one that rests are put back, too, and nothing is started', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  await at.quiet()
  update(at.host, name, { restart: 'always' })
  await until('the policy is gone', () => object.set.restart === 'no')
  await at.quiet()
  assert.equal(object.status, 'exited')
})

test('what the engine refuses to put back does not hold up anything', async () => {
  await using at = await world()
  const { name } = await oneRunning(at)
  at.host.intercept = ({ method }) =>
    method === 'updateContainer' ? { status: 500, answer: 'device or resource busy' } : undefined
  update(at.host, name, { memoryBytes: 1 })
  await at.quiet()
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
})

test('one that was taken out of its network is put back, and out of others it is taken', async () => {
  await using at = await world()
  const { name, object, network } = await oneRunning(at)
  const [own] = at.host.networks.values()
  assert.ok(own)
  at.host.networks.set('bridge', { ...own, instance: 'docker', engineId: 'bridge' })
  disconnect(at.host, name, network)
  connect(at.host, name, { network: 'bridge', address: name, mac: '' })
  await inTime(at, 'it is back', () => object.set.networks.includes(network))
  await at.quiet()
  assert.deepEqual([object.set.networks, object.status], [[network], 'running'])
  assert.equal((await repairs(at)).length, 1)
})

test('one that was paused goes on', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  pause(at.host, name)
  await until('it goes on', () => object.status === 'running')
  await at.quiet()
  assert.deepEqual(await repairs(at), ['container.repaired: it had been paused'])
})

test('one that was paused can be stopped', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  pause(at.host, name)
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  assert.equal(object.status, 'exited')
})

test('one that was renamed gets its name back; no second one is made', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  rename(at.host, object.engineId, 'mine')
  await until('it has its name', () => object.name === name)
  await at.quiet()
  assert.deepEqual([...at.host.containers.values()], [object])
  assert.deepEqual(await repairs(at), ['container.repaired: it had been renamed'])
})

test('one that was renamed while nobody heard is found, and deleted when it is to be', async () => {
  await using at = await world()
  const { id, name, object } = await oneRunning(at)
  at.host.containers.delete(name)
  object.name = 'mine'
  at.host.containers.set('mine', object)
  at.control.known.drop(name)
  at.control.loop.wake(id)
  await until('it has its name', () => object.name === name)
  await at.quiet()
  assert.equal(at.host.containers.size, 1)

  rename(at.host, object.engineId, 'mine')
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
})

test('one that has another’s name is not taken for that other', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  await at.create('acme', { name: 'other' })
  const other = await runs(at, 'acme', 'other')
  await at.quiet()
  const otherName = `cl-acme-container-${other.id}`
  remove(at.host, name)
  await at.quiet()
  const second = at.host.containers.get(otherName)
  assert.ok(second)
  // Its own place is taken before anybody can look.
  remove(at.host, name)
  rename(at.host, second.engineId, name)
  await inTime(at, 'each has its own', () => {
    const [first, last] = [name, otherName].map((one) => at.host.containers.get(one)?.wanted.id)
    return first === object.wanted.id && last === other.id
  })
  await inTime(at, 'both run', () =>
    [...at.host.containers.values()].every(({ status }) => status === 'running'),
  )
  assert.equal(at.host.containers.size, 2)
})

test('one that another has been put in the place of is made anew', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  const fake = {
    ...object,
    engineId: 'f'.repeat(64),
    wanted: { ...object.wanted, spec: '1-other' },
  }
  at.host.containers.set(name, fake)
  await inTime(at, 'it is made anew', () => {
    const now = at.host.containers.get(name)
    return now?.wanted.spec === object.wanted.spec && now.status === 'running'
  })
  assert.deepEqual(await repairs(at), ['container.repaired: another had been put in its place'])
})

test('one that was removed is made anew, and that is told', async () => {
  await using at = await world()
  const { name } = await oneRunning(at)
  remove(at.host, name)
  await until('it is there', () => at.host.containers.get(name)?.status === 'running')
  await at.quiet()
  assert.deepEqual(await repairs(at), ['container.repaired: it had been removed'])
})

test('a network that was removed is made anew, with those who were in it', async () => {
  await using at = await world()
  const { name, object, network } = await oneRunning(at)
  disconnect(at.host, name, network)
  removeNetwork(at.host, network)
  await inTime(at, 'all is back', () => object.set.networks.includes(network))
  assert.ok(at.host.networks.has(network))
  assert.equal(object.status, 'running')
  assert.deepEqual((await repairs(at)).toSorted(), [
    'container.repaired: it had been taken out of its network',
    'network.repaired: it had been removed',
  ])
})

test('one whose network went while it was stopped keeps its root, and starts', async () => {
  await using at = await world()
  const { name, object, network } = await oneRunning(at)
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  removeNetwork(at.host, network)
  await at.control.containers.start(asked('acme', 'web'))
  await runs(at, 'acme', 'web')
  assert.equal(at.host.containers.get(name)?.engineId, object.engineId)
})

test('one that another hand has stopped is started again', async () => {
  await using at = await world()
  const { name, object } = await oneRunning(at)
  stop(at.host, name)
  await inTime(at, 'it runs', () => object.status === 'running')
})

test('driftOf() finds nothing where all is as wanted', () => {
  const limits = { memoryBytes: 1, cpuMilli: 2, cpuShares: 3, pids: 4 }
  const wanted = { ...limits, networks: ['n'] }
  const found = { ...limits, restart: 'no', networks: ['n'] }
  assert.equal(driftOf(wanted, found), undefined)
  assert.deepEqual(driftOf(wanted, { ...found, networks: ['x'] }), {
    limits: false,
    missing: ['n'],
    foreign: ['x'],
  })
})

test('one that has ended, and was removed by another hand, is left in peace', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { restart: 'no' })
  await runs(at, 'acme', 'web')
  await at.quiet()
  const [name = ''] = at.host.containers.keys()
  at.host.exit(name, 0)
  await shows(at, ['acme', 'web'], ({ state }) => state === 'exited')
  remove(at.host, name)
  await at.quiet()
  for (let seconds = 0; seconds < 600; seconds += 20) {
    at.time.advance(20_000)
    await at.quiet()
    assert.ok((at.time.nextInMs ?? Infinity) > 100, `it is looked at in ${at.time.nextInMs} ms`)
  }
})

/** One that rests, under another name of which no event has told. */
async function restingRenamed(at: World) {
  const one = await oneRunning(at)
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  await at.quiet()
  at.host.containers.delete(one.name)
  one.object.name = 'mine'
  at.host.containers.set('mine', one.object)
  return one
}

test('one that rests and was renamed while nobody heard is found by the next list', async () => {
  await using at = await world()
  const { name, object } = await restingRenamed(at)
  await at.control.observer.pass()
  await until('it has its name', () => object.name === name)
})

test('one that got its name back is looked at later, also where the engine says no more of it then', async () => {
  await using at = await world()
  const { id, name, object } = await restingRenamed(at)
  let isRenamed = false
  at.host.intercept = ({ method }) => {
    if (method === 'renameContainer') isRenamed = true
    return isRenamed && method === 'inspectContainer' ? 'away' : undefined
  }
  await at.control.observer.pass()
  await until('it has its name', () => object.name === name)
  await at.quiet()
  at.host.intercept = () => undefined
  assert.equal(at.control.known.container(name)?.id, id)
})
