import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemHost } from '../../src/adapters/system-host.ts'
import type { HostFacts } from '../../src/core/capacity.ts'
import { capacityService } from '../../src/services/capacity.ts'
import { HandTime } from '../fakes/timers.ts'
import { until } from '../support/world.ts'

const policy = { overcommitCpu: 1, overcommitMemory: 1, diskHighWaterPercent: 90 }
const facts = (cpus: number): HostFacts => ({ cpus, memoryBytes: 1, memoryFreeBytes: 1, disks: [] })

test('the machine is looked at again and again, and one that cannot be looked at refuses nothing', async () => {
  const time = new HandTime()
  let now: HostFacts | undefined = facts(1)
  const said: string[] = []
  const host = { facts: () => (now ? Promise.resolve(now) : Promise.reject(new Error('no disk'))) }
  const log = (level: string): void => void said.push(level)
  const capacity = capacityService({ host, policy, timers: time, log })
  assert.equal(capacity.machine(), undefined)
  await capacity.start()
  assert.deepEqual(capacity.machine(), { facts: facts(1), policy })

  const later = async (cpus: number | undefined): Promise<void> => {
    now = cpus === undefined ? undefined : facts(cpus)
    await until('it waits for the next look', () => time.waiting === 1)
    time.advance(5_000)
    await until('it has looked', () => capacity.machine()?.facts.cpus === cpus)
  }
  await later(2)
  await later(undefined)
  await until('it waits for the next look', () => time.waiting === 1)
  time.advance(5_000)
  await later(3)
  assert.deepEqual(said, ['warn'])
  await capacity.stop()
  assert.equal(time.waiting, 0)
})

test('systemHost() tells of CPUs, of memory, and of each disk once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-host-'))
  try {
    const host = systemHost(() => Promise.resolve([folder, tmpdir()]))
    const { cpus, memoryBytes, memoryFreeBytes, disks } = await host.facts(
      AbortSignal.timeout(5000),
    )
    assert.ok(cpus >= 1 && memoryBytes > 1024 ** 2)
    assert.ok(memoryFreeBytes > 0 && memoryFreeBytes < memoryBytes)
    assert.deepEqual(
      disks.map(({ path }) => path),
      [folder],
    )
    for (const { sizeBytes, freeBytes } of disks) assert.ok(sizeBytes >= freeBytes && freeBytes > 0)
    await assert.rejects(
      systemHost(() => Promise.resolve([join(folder, 'none')])).facts(AbortSignal.timeout(5000)),
      { code: 'ENOENT' },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
