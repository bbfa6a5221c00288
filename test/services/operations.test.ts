import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

const soon = (): AbortSignal => AbortSignal.timeout(8000)

/** A world in which no image ever comes, so that a creation stays under way. */
async function stuck(at: World): Promise<void> {
  await at.addTenant('acme')
  await at.begin()
  at.host.intercept = ({ method }) => (method === 'createContainer' ? 'away' : undefined)
}

test('settled() answers as soon as the operation has ended', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', {})
  const begun = performance.now()
  const ended = await at.control.operations.settled(operation.id, 60, soon())
  assert.ok(performance.now() - begun < 5000)
  assert.deepEqual([ended.state, ended.progress, ended.error], ['succeeded', 100, null])
  assert.equal(at.control.operations.waiting(), 0)
})

test('settled() answers as it is when the time is over', async () => {
  await using at = await world()
  await stuck(at)
  const { operation } = await at.create('acme', {})
  const { operations } = at.control
  const still = await operations.settled(operation.id, 0.05, soon())
  assert.ok(still.state === 'pending' || still.state === 'running')
  assert.equal(operations.waiting(), 0)
})

test('settled() answers when its caller goes away, and no waiter is left', async () => {
  await using at = await world()
  await stuck(at)
  const { operation } = await at.create('acme', {})
  const { operations } = at.control
  const caller = new AbortController()
  const waiting = Promise.all([
    operations.settled(operation.id, 60, caller.signal),
    operations.settled(operation.id, 60, caller.signal),
  ])
  await until('both wait', () => operations.waiting() === 2)
  caller.abort()
  assert.equal((await waiting).length, 2)
  assert.equal(operations.waiting(), 0)
  await assert.rejects(operations.settled('aaaaaaaaaaaaaaaa', 60, soon()), { code: 'not-found' })
  assert.equal(operations.waiting(), 0)
})

test('whoever waits for an operation is told when a later one takes its place', async () => {
  await using at = await world()
  await stuck(at)
  const created = await at.create('acme', {})
  const { operations, containers } = at.control
  const waiting = operations.settled(created.operation.id, 60, soon())
  await until('it is waited for', () => operations.waiting() === 1)
  const begun = performance.now()
  const deleted = await containers.delete(asked('acme', 'web'), true)
  const ended = await waiting
  assert.ok(performance.now() - begun < 5000, 'it waited until its time was over')
  assert.equal(ended.state, 'cancelled')
  assert.deepEqual(ended.error?.details, { operation: deleted.operation.id })
})

test('cancel() takes back what was being made', async () => {
  await using at = await world()
  await stuck(at)
  const { operation } = await at.create('acme', {})
  await at.quiet()
  const { operations } = at.control
  const joined = await at.control.containers.start(asked('acme', 'web'))
  const cancelled = await operations.cancel('acme', operation.id, PLATFORM)
  assert.equal(cancelled.state, 'cancelled')
  assert.equal((await operations.settled(joined.operation.id, 5, soon())).state, 'cancelled')
  await until('it is gone', async () => {
    const { items } = await at.control.containers.list('acme', { limit: 9 })
    return items.length === 0
  })
  await at.quiet()
  assert.equal(at.host.containers.size, 0)
  const again = operations.cancel('acme', operation.id, PLATFORM)
  await assert.rejects(again, { code: 'state-conflict' })
})

test('cancel() of a restart leaves the container stopped', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  at.edge.answers = false
  const { operation } = await at.control.containers.restart(asked('acme', 'web'))
  await at.control.operations.cancel('acme', operation.id, PLATFORM)
  at.edge.answers = true
  at.edge.look()
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
})

test('cancel() refuses a stop and a deletion', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  at.host.intercept = ({ method }) => (method === 'stopContainer' ? 'away' : undefined)
  const { operation } = await at.control.containers.stop(asked('acme', 'web'))
  const refused = at.control.operations.cancel('acme', operation.id, PLATFORM)
  await assert.rejects(refused, { code: 'state-conflict' })
  const { items: entries } = await at.control.audit.list({ limit: 9 })
  assert.ok(!entries.some(({ action }) => action === 'operations.cancel'))
})

test('list() shows the newest first, a page at a time, also those of one moment', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  for (const name of ['a', 'b', 'c']) {
    await at.create('acme', { name })
  }
  const { operations } = at.control
  const first = await operations.list('acme', { limit: 2 })
  assert.ok(first.nextCursor)
  const second = await operations.list('acme', { limit: 2, cursor: first.nextCursor })
  const targets = [...first.items, ...second.items].map(({ target }) => target.name)
  assert.deepEqual(targets, ['c', 'b', 'a'])
  assert.equal(second.nextCursor, null)
  const failed = await operations.list('acme', { limit: 2, state: 'failed' })
  assert.deepEqual(failed.items, [])
})
