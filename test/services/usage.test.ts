import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EngineContainer } from '../../src/ports/engine.ts'
import type { Reading } from '../../src/ports/meter.ts'
import { liveUse } from '../../src/services/live-use.ts'
import { usageService } from '../../src/services/usage.ts'
import { HandTime } from '../fakes/timers.ts'
import { until, world } from '../support/world.ts'

const MIB = 1024 * 1024

const container = (tenant: string, engineId: string): EngineContainer => ({
  tenant,
  engineId,
  id: engineId,
  name: engineId,
  generation: 1,
  spec: '',
  createdAt: new Date(0),
  status: 'running',
  published: [],
})

/** A kernel in which each container has been busy for as long as is said. */
function desk(containers: readonly EngineContainer[]) {
  const time = new HandTime()
  const kernel = new Map<string, Reading>()
  let reads = 0
  let broken = false
  const live = liveUse({
    meter: {
      read(ids) {
        reads++
        if (broken) return Promise.reject(new Error('no such file'))
        return Promise.resolve(
          new Map(
            ids.flatMap((id) => {
              const one = kernel.get(id)
              return one ? [[id, one] as const] : []
            }),
          ),
        )
      },
    },
    running: () => containers,
    clock: time,
    timers: time,
    log: () => undefined,
  })
  return {
    live,
    time,
    kernel,
    reads: () => reads,
    break: (): void => void (broken = true),
  }
}

test('liveUse() sums what each tenant uses, and how busy its CPUs were between two looks', async () => {
  const at = desk([container('aa', '1'), container('aa', '2'), container('bb', '3')])
  at.kernel.set('1', { cpuNanos: 0, memoryBytes: 10, pids: 1 })
  at.kernel.set('2', { cpuNanos: 5e9, memoryBytes: 20, pids: 2 })
  const first = at.live.current()
  await until('it waits for the second look', () => at.time.waiting === 1)
  at.kernel.set('1', { cpuNanos: 125e6, memoryBytes: 11, pids: 1 })
  at.time.advance(250)
  const use = { containers: 2, cpuMilli: 500, memoryBytes: 31, pids: 3 }
  assert.deepEqual(await first, new Map([['aa', use]]))
})

test('liveUse() looks once for all who ask within seconds, and not at all while nobody does', async () => {
  const at = desk([container('aa', '1')])
  at.kernel.set('1', { cpuNanos: 0, memoryBytes: 10, pids: 1 })
  const asked = [at.live.current(), at.live.current()]
  await until('it waits for the second look', () => at.time.waiting === 1)
  at.time.advance(250)
  await Promise.all(asked)
  at.time.advance(2_999)
  await at.live.current()
  assert.equal(at.reads(), 2)
  at.kernel.set('1', { cpuNanos: 4_500e6, memoryBytes: 10, pids: 1 })
  at.time.advance(1)
  assert.equal((await at.live.current())?.get('aa')?.cpuMilli, 1500)
  assert.equal(at.reads(), 3)
  at.break()
  at.time.advance(3_000)
  assert.equal(await at.live.current(), undefined)
})

test('usage says what is reserved, what is used, and how much that is of the limit', async () => {
  await using at = await world()
  await at.addTenant('acme', { containers: 4, memoryBytes: 100 * MIB, networks: 0 })
  await at.addTenant('zeta')
  await at.store.write((q) => q.limits.put(null, { containers: 8 }))
  await at.store.write(async (q) => {
    const acme = await q.tenants.bySlug('acme')
    await q.limits.put(acme?.id ?? '', { networks: 1 })
  })
  await at.begin()
  await at.create('acme', { memoryBytes: 50 * MIB })
  const used = { containers: 1, cpuMilli: 7, memoryBytes: MIB, pids: 3 }
  const deps = { store: at.store, machine: () => undefined, enforced: true }
  const usage = usageService({ ...deps, live: () => Promise.resolve(new Map([['acme', used]])) })
  const { memoryBytes, containers, volumes, networks } = await usage.ofTenant('acme')
  const half = { limit: 100 * MIB, reserved: 50 * MIB, used: MIB, percent: 50, overLimit: false }
  assert.deepEqual(memoryBytes, half)
  assert.deepEqual([containers.percent, volumes.limit, volumes.percent], [25, null, null])
  assert.deepEqual([networks.reserved, networks.used, networks.percent], [1, null, 100])

  const all = await usage.list({ limit: 1 })
  assert.deepEqual([all.items.map(({ tenant }) => tenant), all.nextCursor], [['acme'], 'acme'])
  assert.deepEqual(all.platform.containers, { ...SHARE, limit: 8, percent: 12.5 })
  assert.deepEqual([all.platform.volumes.used, all.host], [null, null])
  const rest = await usage.list({ limit: 1, cursor: 'acme' })
  assert.deepEqual(rest.items[0]?.pids, { ...SHARE, limit: null, reserved: 0, used: 0 })
  const blind = usageService({ ...deps, live: () => Promise.resolve(undefined) })
  assert.equal((await blind.ofTenant('acme')).pids.used, null)
})
const SHARE = { limit: 8, reserved: 1, used: 1, percent: null, overLimit: false }
