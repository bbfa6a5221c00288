import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestRates } from '../../src/services/request-rates.ts'
import { until, world } from '../support/world.ts'

test('a tenant’s own rate is from memory, and known soon after it was changed', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.store.write((q) => q.limits.put(id, { requestsPerSecond: 7 }))
  const { store, time: clock } = at
  const rateOf = requestRates({ store, clock, log: () => undefined })
  assert.equal(rateOf(id), null)
  await until('the limit is known', () => rateOf(id) === 7)
  await at.store.write((q) => q.limits.put(id, { requestsPerSecond: 9 }))
  assert.equal(rateOf(id), 7)
  at.time.advance(2000)
  await until('the new limit is known', () => rateOf(id) === 9)
})
