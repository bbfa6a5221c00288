import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, array, integer, property } from 'fast-check'
import { take, type Bucket } from '../../src/core/token-bucket.ts'

const RATE = { perSecond: 2, burst: 4 }

/** Takes at each of these moments; answers at which there was one to take. */
function taken(moments: readonly number[]): boolean[] {
  let bucket: Bucket | undefined
  return moments.map((nowMs) => {
    const taking = take(bucket, RATE, nowMs)
    ;({ bucket } = taking)
    return taking.isTaken
  })
}

test('take() lets a burst through, and then as many as come back', () => {
  assert.deepEqual(taken([0, 0, 0, 0, 0]), [true, true, true, true, false])
  assert.deepEqual(taken([0, 0, 0, 0, 499, 500, 501, 1000]), [
    true,
    true,
    true,
    true,
    false,
    true,
    false,
    true,
  ])
})

test('take() says what is left, when all is there again, and when to come back', () => {
  const first = take(undefined, RATE, 0)
  assert.deepEqual([first.remaining, first.resetSeconds, first.retryAfterSeconds], [3, 1, 0])
  const empty = take({ tokens: 0, atMs: 0 }, RATE, 0)
  assert.deepEqual([empty.isTaken, empty.remaining, empty.resetSeconds], [false, 0, 2])
  assert.equal(empty.retryAfterSeconds, 1)
  assert.equal(take({ tokens: 0, atMs: 0 }, { perSecond: 0.1, burst: 1 }, 0).retryAfterSeconds, 10)
})

test('take() gives nothing for a clock that was set back', () => {
  const { bucket } = take({ tokens: 1, atMs: 10_000 }, RATE, 5000)
  assert.deepEqual(bucket, { tokens: 0, atMs: 5000 })
})

test('take() never lets more through than the burst and what came back', () => {
  holds(
    property(array(integer({ min: 0, max: 700 }), { maxLength: 200 }), (pauses) => {
      let nowMs = 0
      const moments = pauses.map((pause) => (nowMs += pause))
      const through = taken(moments).filter(Boolean).length
      assert.ok(through <= RATE.burst + (nowMs * RATE.perSecond) / 1000)
    }),
  )
})
