import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '../../src/core/capacity.ts'
import { LOG_BYTES } from '../../src/core/container-shape.ts'
import { Failure } from '../../src/core/failure.ts'
import type { Amounts } from '../../src/core/quota.ts'
import { accountOfPlatform, accountOfTenant } from '../../src/services/ledger.ts'
import { asked, until, world, type World } from '../support/world.ts'

const MIB = 1024 * 1024

async function refusal(made: Promise<unknown>): Promise<Failure> {
  const [settled] = await Promise.allSettled([made])
  assert.ok(settled.status === 'rejected', 'it was admitted')
  assert.ok(settled.reason instanceof Failure, String(settled.reason))
  return settled.reason
}

const taken = (amounts: Amounts) =>
  Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0))

async function gone(at: World, tenant: string, name: string): Promise<void> {
  await at.control.containers.delete(asked(tenant, name), true)
  await until(`${name} is gone`, async () => {
    const { items } = await at.control.containers.list(tenant, { limit: 100 })
    return items.every((one) => one.name !== name)
  })
}

test('every kind that a container takes is counted, with the network that it needs', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { name: 'a', cpuMilli: 100, memoryBytes: 8 * MIB, pids: 10 })
  await at.create('acme', { name: 'b', cpuMilli: 200, memoryBytes: 9 * MIB, pids: 20 })
  assert.deepEqual(taken(await at.reserved(id)), {
    containers: 2,
    cpuMilli: 300,
    memoryBytes: 17 * MIB,
    pids: 30,
    networks: 1,
    addresses: 256,
    logBytes: 2 * LOG_BYTES,
  })
  const other = await at.addTenant('other')
  assert.deepEqual(taken(await at.reserved(other.id)), {})
})

test('what is being deleted is counted until the engine has been seen without it', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme', { containers: 1 })
  await at.begin()
  await at.create('acme', { name: 'a' })
  await at.quiet()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  at.host.intercept = ({ method }) => (method === 'removeContainer' ? promise : undefined)
  await at.control.containers.delete(asked('acme', 'a'), true)
  assert.equal((await at.reserved(id)).containers, 1)
  assert.equal((await refusal(at.create('acme', { name: 'b' }))).code, 'quota-exceeded')
  resolve(undefined)
  await until('it is free', async () => (await at.reserved(id)).containers === 0)
  await at.create('acme', { name: 'b' })
})

test('a tenant without a network to have can have no container', async () => {
  await using at = await world()
  await at.addTenant('acme', { networks: 0 })
  await at.begin()
  assert.deepEqual((await refusal(at.create('acme', {}))).details, {
    shortages: [{ resource: 'networks', limit: 0, used: 0, requested: 1, scope: 'tenant' }],
  })
})

test('the platform’s limits hold all tenants together, and tell no tenant of another', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta', { containers: 0 })
  await at.store.write((q) => q.limits.put(null, { containers: 1 }))
  await at.begin()
  await at.create('acme', { name: 'a' })
  const full = await refusal(at.create('acme', { name: 'b' }))
  assert.equal(full.code, 'capacity-exceeded')
  assert.deepEqual(full.details, {
    shortages: [{ scope: 'platform', resource: 'containers', requested: 1 }],
  })
  // One's own quota is said first: that is what one can see to.
  assert.equal((await refusal(at.create('zeta', {}))).code, 'quota-exceeded')
  await gone(at, 'acme', 'a')
  await at.create('acme', { name: 'b' })
})

const machine = (freeBytes: number): Machine => ({
  facts: {
    cpus: 1,
    memoryBytes: 100 * MIB,
    memoryFreeBytes: 0,
    disks: [{ path: '/d', sizeBytes: 100, freeBytes }],
  },
  policy: { overcommitCpu: 2, overcommitMemory: 1, diskHighWaterPercent: 90 },
})

test('the host’s CPUs and memory are a quota too, so many times over', async () => {
  await using at = await world()
  at.standOn(machine(100))
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.begin()
  await at.create('acme', { name: 'a', cpuMilli: 1500, memoryBytes: 50 * MIB })
  const { code, details, message } = await refusal(
    at.create('zeta', { cpuMilli: 501, memoryBytes: 51 * MIB }),
  )
  assert.equal(code, 'capacity-exceeded')
  assert.deepEqual(details, {
    shortages: [
      { scope: 'host', resource: 'cpuMilli', requested: 501 },
      { scope: 'host', resource: 'memoryBytes', requested: 51 * MIB },
    ],
  })
  assert.match(message, /^Cannot create container "web": the host has no room for cpuMilli/)
  await at.create('zeta', { cpuMilli: 500, memoryBytes: 50 * MIB })
})

test('a disk above its mark takes no container, and takes one again when it has room', async () => {
  await using at = await world()
  at.standOn(machine(9))
  await at.addTenant('acme')
  await at.begin()
  const small = { cpuMilli: 100, memoryBytes: 8 * MIB }
  const { details } = await refusal(at.create('acme', small))
  assert.deepEqual(details, {
    shortages: [{ scope: 'host', resource: 'disk', requested: LOG_BYTES }],
  })
  at.standOn(machine(10))
  await at.create('acme', small)
})

test('a limit below what is in use takes nothing away, and lets nothing more of that kind in', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme', { containers: 5, cpuMilli: 1000 })
  await at.begin()
  for (const name of ['a', 'b']) await at.create('acme', { name, cpuMilli: 100 })
  await at.store.write((q) => q.limits.put(id, { containers: 1 }))
  const account = await accountOfTenant(at.store.read, id)
  assert.deepEqual(account.overLimit, ['containers'])
  await at.quiet()
  assert.equal(at.host.containers.size, 2)
  assert.equal((await refusal(at.create('acme', { name: 'c' }))).code, 'quota-exceeded')
  await gone(at, 'acme', 'a')
  assert.deepEqual((await accountOfTenant(at.store.read, id)).overLimit, [])
  assert.equal((await refusal(at.create('acme', { name: 'c' }))).code, 'quota-exceeded')
  assert.equal((await accountOfPlatform(at.store.read)).reserved.containers, 1)
})
