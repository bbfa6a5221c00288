import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../../src/core/failure.ts'
import { world } from '../support/world.ts'

/** Of the other tenant: what is being written already, one before each write, and the reconciler's. */
const A_FEW = 5

test("500 creates of one tenant delay another's by at most a few writes", async () => {
  await using at = await world()
  await at.addTenant('loud')
  await at.addTenant('calm')
  await at.begin()
  const ends: unknown[] = []
  const burst = Array.from({ length: 500 }, async (_, i) => {
    const [end] = await Promise.allSettled([at.create('loud', { name: `c${i}` })])
    ends.push(end.status === 'rejected' ? end.reason : undefined)
  })
  await at.create('calm', { name: 'web' })
  assert.ok(ends.length <= A_FEW, `${ends.length} of the other tenant were done before`)
  await Promise.all(burst)
  const made = ends.filter((end) => end === undefined)
  const full = ends.filter((end) => end instanceof Failure && end.code === 'address-exhausted')
  // The network has room for fewer, and to find that out is a turn like any other.
  assert.deepEqual([made.length > 0, full.length > 0, made.length + full.length], [true, true, 500])
})
