import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../../src/contract/containers.ts'
import type { Operation } from '../../src/contract/operations.ts'
import { accountOfTenant } from '../../src/services/ledger.ts'
import { asked, runs, until, world, type Wanted, type World } from '../support/world.ts'

const MIB = 1024 * 1024

/** A container that runs, in a tenant of its own. */
async function running(at: World, wanted: Wanted = {}, limits = {}): Promise<string> {
  const { id } = await at.addTenant('acme', limits)
  await at.begin()
  await at.create('acme', { cpuMilli: 100, memoryBytes: 100 * MIB, pids: 50, ...wanted })
  await runs(at, 'acme', 'web')
  await at.quiet()
  return id
}

const resize = (at: World, change: object) =>
  at.control.containers.update(asked('acme', 'web'), change)

const shown = (at: World): Promise<Container> => at.control.containers.get('acme', 'web')

/** What the engine itself holds the container to. */
function set(at: World) {
  const [one] = [...at.host.containers.values()]
  const { memoryBytes, cpuMilli, pids } = one?.set ?? {}
  return { memoryBytes, cpuMilli, pids }
}

/** The operation once it is over. */
async function ended(at: World, id: string): Promise<Operation> {
  const look = () => at.control.operations.get('acme', id, NO_WAIT)
  await until('the operation is over', async () => !OPEN.has((await look()).state))
  return look()
}
const NO_WAIT = { seconds: 0, signal: new AbortController().signal }
const OPEN: ReadonlySet<string> = new Set(['pending', 'running'])

/** Keeps the engine from answering to other limits until it is told to, or the test is over. */
function held(at: World) {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  at.host.intercept = ({ method }) => (method === 'updateContainer' ? promise : undefined)
  const release = (): void => resolve(undefined)
  return { release, [Symbol.dispose]: release }
}

const refusing = (times: number) => {
  let left = times
  return ({ method }: { readonly method: string }) =>
    method === 'updateContainer' && left-- > 0
      ? { status: 409, answer: 'it uses more than that' }
      : undefined
}

test('update() gives a running container other limits, and does not restart it', async () => {
  await using at = await world()
  const tenant = await running(at)
  const { startedAt } = await shown(at)
  const { operation } = await resize(at, { memoryBytes: 200 * MIB, cpuMilli: 300, pids: 60 })
  assert.equal((await ended(at, operation.id)).state, 'succeeded')
  const sizes = { memoryBytes: 200 * MIB, cpuMilli: 300, pids: 60 }
  assert.deepEqual(set(at), sizes)
  const { resources, state, spec, ...rest } = await shown(at)
  assert.deepEqual(resources, { ...sizes, cpuShares: 307 })
  assert.deepEqual([state, spec.memoryBytes, rest.startedAt], ['running', 200 * MIB, startedAt])
  const { memoryBytes, cpuMilli, pids } = await at.reserved(tenant)
  assert.deepEqual({ memoryBytes, cpuMilli, pids }, sizes)
})

test('update() takes what it grows by at once, and gives back nothing before the engine has it', async () => {
  await using at = await world()
  const tenant = await running(at)
  using engine = held(at)
  const { operation } = await resize(at, { memoryBytes: 300 * MIB, cpuMilli: 50 })
  assert.equal(operation.state, 'pending')
  const during = await at.reserved(tenant)
  assert.deepEqual([during.memoryBytes, during.cpuMilli], [300 * MIB, 100])
  engine.release()
  assert.equal((await ended(at, operation.id)).state, 'succeeded')
  const after = await at.reserved(tenant)
  assert.deepEqual([after.memoryBytes, after.cpuMilli], [300 * MIB, 50])
})

test('update() is refused what the quota has no room for, by the difference', async () => {
  await using at = await world()
  await running(at, {}, { memoryBytes: 150 * MIB })
  await assert.rejects(resize(at, { memoryBytes: 151 * MIB }), {
    code: 'quota-exceeded',
    message: /^Cannot resize container "web": .*requested 53477376/,
  })
  assert.equal((await shown(at)).resources.memoryBytes, 100 * MIB)
  await resize(at, { memoryBytes: 150 * MIB })
})

test('update() may shrink one of a tenant that is over its limit', async () => {
  await using at = await world()
  const tenant = await running(at)
  await at.store.write((q) =>
    at.control.ledger.watched(q, tenant, () => q.limits.put(tenant, { memoryBytes: 60 * MIB })),
  )
  const { operation } = await resize(at, { memoryBytes: 70 * MIB })
  assert.equal((await ended(at, operation.id)).state, 'succeeded')
  assert.deepEqual((await accountOfTenant(at.store.read, tenant)).overLimit, ['memoryBytes'])
  const last = await resize(at, { memoryBytes: 60 * MIB })
  await ended(at, last.operation.id)
  const { items } = await at.control.events.list({ limit: 100 })
  assert.deepEqual(
    items.map(({ action }) => action).filter((action) => action.startsWith('tenant.')),
    ['tenant.within-limit', 'tenant.over-limit'],
  )
})

test('what the engine refuses fails the operation, and the row says again what the engine has', async () => {
  await using at = await world()
  const tenant = await running(at)
  at.host.intercept = refusing(1)
  const { operation } = await resize(at, { memoryBytes: 10 * MIB, cpuMilli: 200 })
  const { state, error } = await ended(at, operation.id)
  assert.deepEqual([state, error?.code], ['failed', 'engine-refused'])
  assert.match(error?.message ?? '', /it uses more than that/)
  await at.quiet()
  const { resources, spec, state: now } = await shown(at)
  assert.deepEqual([resources.memoryBytes, resources.cpuMilli], [100 * MIB, 100])
  assert.deepEqual([spec.memoryBytes, spec.cpuMilli, now], [100 * MIB, 100, 'running'])
  assert.deepEqual(set(at), { memoryBytes: 100 * MIB, cpuMilli: 100, pids: 50 })
  const { memoryBytes, cpuMilli } = await at.reserved(tenant)
  assert.deepEqual([memoryBytes, cpuMilli], [100 * MIB, 100])
})

test('of several changes on their way the last one counts, and is what the engine has', async () => {
  await using at = await world()
  const tenant = await running(at)
  using engine = held(at)
  await resize(at, { memoryBytes: 400 * MIB })
  await resize(at, { memoryBytes: 50 * MIB })
  assert.equal((await at.reserved(tenant)).memoryBytes, 400 * MIB)
  const { operation } = await resize(at, { memoryBytes: 80 * MIB })
  engine.release()
  assert.equal((await ended(at, operation.id)).state, 'succeeded')
  await at.quiet()
  assert.equal(set(at).memoryBytes, 80 * MIB)
  assert.equal((await at.reserved(tenant)).memoryBytes, 80 * MIB)
})

test('update() of a stopped container, and of one that is yet to be made', async () => {
  await using at = await world()
  const tenant = await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { start: false, memoryBytes: 100 * MIB })
  const { operation } = await resize(at, { memoryBytes: 120 * MIB })
  assert.equal((await ended(at, operation.id)).state, 'succeeded')
  await at.quiet()
  assert.equal(set(at).memoryBytes, 120 * MIB)
  assert.equal((await at.reserved(tenant.id)).memoryBytes, 120 * MIB)
  assert.equal((await shown(at)).state, 'stopped')
})

test('update() of what is the platform’s own is done at once, and null is the default again', async () => {
  await using at = await world()
  await running(at, { restart: 'no' })
  const before = at.host.calls.length
  const healthCheck = { type: 'none' as const }
  const { operation, resource } = await resize(at, { restart: 'always', healthCheck })
  assert.equal(operation.state, 'succeeded')
  assert.deepEqual([resource.spec.restart, resource.health], ['always', 'none'])
  const again = await resize(at, { healthCheck: null })
  assert.equal(again.resource.spec.healthCheck, undefined)
  await at.quiet()
  const calls = at.host.calls.slice(before).map(({ method }) => method)
  assert.ok(!calls.includes('updateContainer'))
  const { operation: last } = await resize(at, { memoryBytes: null, cpuMilli: null })
  await ended(at, last.id)
  assert.deepEqual(set(at), { memoryBytes: 256 * MIB, cpuMilli: 500, pids: 50 })
})

test('a control plane that dies in between gives the limits in its next life', async () => {
  await using at = await world()
  const tenant = await running(at)
  at.host.intercept = ({ method }) => (method === 'updateContainer' ? 'away' : undefined)
  await resize(at, { memoryBytes: 50 * MIB })
  await at.reborn()
  at.host.intercept = () => undefined
  await at.begin()
  await until('it has them', async () => (await at.reserved(tenant)).memoryBytes === 50 * MIB)
  assert.equal(set(at).memoryBytes, 50 * MIB)
})

test('update() refuses what is being deleted, and a check that could ask nobody', async () => {
  await using at = await world()
  await running(at, { image: 'cloudlet/base' })
  const healthCheck = { type: 'tcp' as const }
  await assert.rejects(resize(at, { healthCheck }), { code: 'invalid-input' })
  const { promise, resolve } = Promise.withResolvers<undefined>()
  at.host.intercept = ({ method }) => (method === 'removeContainer' ? promise : undefined)
  await at.control.containers.delete(asked('acme', 'web'), true)
  await assert.rejects(resize(at, { pids: 20 }), { code: 'state-conflict' })
  resolve(undefined)
})
