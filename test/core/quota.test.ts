import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { capacityOf, hostLacks, usedPercent, type Machine } from '../../src/core/capacity.ts'
import {
  added,
  allLimits,
  keptSince,
  overLimit,
  RESERVED,
  RESOURCE_NAMES,
  shortages,
  type Amounts,
} from '../../src/core/quota.ts'

const amounts = fc.dictionary(fc.constantFrom(...RESERVED), fc.nat(100))
const limits = fc.dictionary(fc.constantFrom(...RESERVED), fc.option(fc.nat(100)))

test('shortages() names exactly what is asked for and would overdraw', () => {
  fc.assert(
    fc.property(limits, amounts, amounts, (limit, used: Amounts, requested: Amounts) => {
      const short = shortages(limit, used, requested)
      for (const resource of RESERVED) {
        const most = limit[resource] ?? null
        const [held, asked] = [used[resource] ?? 0, requested[resource] ?? 0]
        const named = short.find((one) => one.resource === resource)
        assert.equal(named !== undefined, most !== null && asked > 0 && held + asked > most)
        if (named) assert.deepEqual(named, { resource, limit: most, used: held, requested: asked })
      }
    }),
  )
})

test('shortages() lets a request through that exactly fills the quota, and a limit of 0 nothing', () => {
  const limit = { containers: 2, cpuMilli: null, memoryBytes: 0 }
  const used = { containers: 1, cpuMilli: 9999 }
  assert.deepEqual(shortages(limit, used, { containers: 1, cpuMilli: 9999, memoryBytes: 0 }), [])
  const [short] = shortages(limit, used, { containers: 1, memoryBytes: 1 })
  assert.deepEqual(short, { resource: 'memoryBytes', limit: 0, used: 0, requested: 1 })
})

test('shortages() lets a tenant that is over one limit still ask for the rest', () => {
  const limit = { containers: 10, cpuMilli: 10, memoryBytes: 10 }
  const used = { containers: 1, cpuMilli: 500, memoryBytes: 1 }
  assert.deepEqual(overLimit(limit, used), ['cpuMilli'])
  assert.deepEqual(shortages(limit, used, { containers: 1, memoryBytes: 1 }), [])
})

test('overLimit() is empty exactly where nothing more than nothing could be refused', () => {
  fc.assert(
    fc.property(limits, amounts, (limit, used) => {
      const over = overLimit(limit, used)
      const full = shortages(limit, {}, used).map(({ resource }) => resource)
      assert.deepEqual(over, full)
    }),
  )
})

test('added() sums kind by kind, and allLimits() leaves no kind out', () => {
  const sum = added([{ containers: 1, pids: 2 }, { pids: 3 }, {}])
  assert.deepEqual([sum.containers, sum.pids, sum.networks], [1, 5, 0])
  assert.deepEqual(Object.keys(sum), RESERVED)
  assert.deepEqual(Object.keys(allLimits({ pids: 0 })), RESOURCE_NAMES)
  assert.deepEqual([allLimits({ pids: 0 }).pids, allLimits({}).pids], [0, null])
})

const machine = (freeBytes: number, policy: Partial<Machine['policy']> = {}): Machine => ({
  facts: {
    cpus: 2,
    memoryBytes: 1000,
    memoryFreeBytes: 0,
    disks: [{ path: '/d', sizeBytes: 1000, freeBytes }],
  },
  policy: { overcommitCpu: 4, overcommitMemory: 1.5, diskHighWaterPercent: 90, ...policy },
})
const FREE = machine(1000)

test('hostLacks() holds all together to the machine, so many times over', () => {
  assert.deepEqual(capacityOf(FREE.facts, FREE.policy), { cpuMilli: 8000, memoryBytes: 1500 })
  const used = { cpuMilli: 7000, memoryBytes: 1400 }
  assert.deepEqual(hostLacks(FREE, used, { cpuMilli: 1000, memoryBytes: 100 }), [])
  assert.deepEqual(hostLacks(FREE, used, { cpuMilli: 1001, memoryBytes: 101 }), [
    { scope: 'host', resource: 'cpuMilli', requested: 1001 },
    { scope: 'host', resource: 'memoryBytes', requested: 101 },
  ])
  const boundless = machine(1000, { overcommitCpu: null, overcommitMemory: null })
  assert.deepEqual(hostLacks(boundless, used, { cpuMilli: 1e9, memoryBytes: 1e15 }), [])
})

test('hostLacks() takes nothing onto a disk above its mark, and anything else all the same', () => {
  assert.deepEqual(hostLacks(machine(100), {}, { logBytes: 30 }), [])
  const full = [{ scope: 'host', resource: 'disk', requested: 30 }]
  assert.deepEqual(hostLacks(machine(99), {}, { logBytes: 30, containers: 1 }), full)
  assert.deepEqual(hostLacks(machine(0), {}, { cpuMilli: 100 }), [])
  assert.deepEqual(hostLacks(machine(0, { diskHighWaterPercent: null }), {}, { logBytes: 30 }), [])
  assert.equal(usedPercent({ path: '/', sizeBytes: 0, freeBytes: 0 }), 0)
})

test('keptSince() goes by the shortest span there is, and back to the beginning without any', () => {
  assert.equal(keptSince(100_000, [60, null, 20, undefined]), 80_000)
  assert.equal(keptSince(100_000, [0, 20]), 100_000)
  assert.equal(keptSince(100_000, [null, undefined]), 0)
  assert.equal(keptSince(100_000, []), 0)
  assert.equal(keptSince(100_000, [Number.MAX_SAFE_INTEGER]), 0)
})
