import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { reconcileLoop } from '../../src/reconcile/loop.ts'
import { HandTime } from '../fakes/timers.ts'

/** One thing that fails whenever it is tried, and how long it is then left alone. */
function failing() {
  const waits: unknown[] = []
  const timers = new HandTime()
  const loop = reconcileLoop({
    reconcile: () => Promise.reject(new Error('the engine is away')),
    timers,
    log: (_level, _message, facts) => void waits.push(facts?.['waitMs']),
    concurrency: 1,
    deadlineMs: 60_000,
  })
  async function tryOnce(): Promise<unknown> {
    loop.wake('web')
    while (!loop.idle()) await turn()
    return waits.at(-1)
  }
  return { loop, tryOnce }
}

test('what fails is left alone longer each time, and no longer than half a minute', async () => {
  const { loop, tryOnce } = failing()
  const waits: unknown[] = []
  for (let i = 0; i < 9; i++) waits.push(await tryOnce())
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  await loop.stop()
})

test('an engine that is back finds all patience as it was at first', async () => {
  const { loop, tryOnce } = failing()
  for (let i = 0; i < 6; i++) await tryOnce()
  loop.forgive()
  assert.equal(await tryOnce(), 500)
  await loop.stop()
})
