import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { stopContainer } from '../../src/contract/containers.ts'
import { containerMetrics } from '../../src/contract/metrics.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** What a container uses, as the engine counts it. */

const MIB = 1024 * 1024
const params = { tenant: 'acme', container: 'busy' }
let platform: Platform

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  const acme = await newTenant(platform, 'acme', {})
  const command = ['sh', '-c', 'while true; do :; done']
  await acme.run({ name: 'busy', image: BASE, memoryBytes: 64 * MIB, cpuMilli: 300, command })
})
after(() => platform?.remove())

const sample = () => platform.api.call(containerMetrics, { params })

test('a container that is always busy uses what it may of a CPU, and no more', async () => {
  const first = await sample()
  assert.equal(first.memoryLimitBytes, 64 * MIB)
  assert.ok(first.memoryBytes > 0 && first.memoryBytes < 64 * MIB)
  assert.ok(first.pids >= 1)
  // Each look is held against the one before, so the next that is not the same tells.
  const next = await until('there is another sample', async () => {
    const one = await sample()
    return one.cpuPercent !== null && one
  })
  assert.ok(next.cpuSeconds > first.cpuSeconds)
  // The kernel holds a group to its share in steps of a tenth of a second.
  assert.ok(next.cpuPercent !== null && next.cpuPercent > 0 && next.cpuPercent < 60)
})

test('a container that was stopped has no metrics', async () => {
  await platform.api.call(stopContainer, { params, query: { wait: 60 } })
  await assert.rejects(sample(), (error) => {
    assert.ok(error instanceof ApiError)
    return error.status === 409 && error.code === 'state-conflict'
  })
})
