import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupName } from '../../src/core/docker-names.ts'
import { groupLimits } from '../../src/core/group-limits.ts'
import { asked, runs, until, world } from '../support/world.ts'

const INSTANCE = 'testtesttesttest'
const MIB = 1024 * 1024

test('groupLimits() are the tenant’s, or what it holds where that is more', () => {
  const limits = { containers: 1, cpuMilli: 1000, memoryBytes: null }
  assert.deepEqual(groupLimits(limits, { containers: 5, cpuMilli: 400, memoryBytes: 7 }), {
    cpuMilli: 1000,
    memoryBytes: null,
    pids: null,
  })
  const lowered = { containers: 1, cpuMilli: 0, memoryBytes: 5 }
  assert.deepEqual(groupLimits(lowered, { containers: 5, cpuMilli: 400, memoryBytes: 7 }), {
    cpuMilli: 400,
    memoryBytes: 7,
    pids: null,
  })
})

test('a container is made in the group of its tenant, which has the limits of the tenant', async () => {
  await using at = await world()
  const tenant = await at.addTenant('acme', { cpuMilli: 2000, memoryBytes: 600 * MIB })
  await at.begin()
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  const group = groupName(INSTANCE, tenant.id)
  const [made] = at.host.containers.values()
  assert.equal(made?.wanted.cgroupParent, `/${group}`)
  assert.doesNotMatch(group, /acme/)
  assert.deepEqual(at.groups.all.get(group), {
    cpuMilli: 2000,
    memoryBytes: 600 * MIB,
    pids: null,
  })
})

test('a group that the host has forgotten is there again before anything is started in it', async () => {
  await using at = await world()
  const tenant = await at.addTenant('acme', { memoryBytes: 600 * MIB })
  await at.begin()
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  at.groups.all.clear()
  await at.control.containers.restart(asked('acme', 'web'))
  await until('the group is there', () => at.groups.all.has(groupName(INSTANCE, tenant.id)))
  await runs(at, 'acme', 'web')
})

test('a full look gives groups their limits, and removes those of tenants that are gone', async () => {
  await using at = await world()
  const tenant = await at.addTenant('acme', { cpuMilli: 2000 })
  const gone = { ...tenant, id: 'gonegonegonegone', slug: 'gone', deletedAt: 1 }
  await at.store.write((q) => q.tenants.insert(gone))
  const [kept, left] = [tenant, gone].map(({ id }) => groupName(INSTANCE, id))
  assert.ok(kept && left)
  const none = { cpuMilli: null, memoryBytes: null, pids: null }
  const foreign = groupName('otherotherother1', tenant.id)
  const unknown = groupName(INSTANCE, 'zzzzzzzzzzzzzzzz')
  for (const name of [kept, left, foreign, unknown]) await at.groups.ensure(name, none)
  await at.begin()
  await until('the limits are there', () => at.groups.all.get(kept)?.cpuMilli === 2000)
  await until('the group is gone', () => !at.groups.all.has(left))
  assert.deepEqual(at.groups.all.get(foreign), none)
  assert.deepEqual(at.groups.all.get(unknown), none)
})
