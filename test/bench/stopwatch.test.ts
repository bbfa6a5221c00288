import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopwatch } from '../../bench/stopwatch.ts'

test('stopwatch() times each step from the end of the one before, and the whole', () => {
  let now = 1000
  const laps = stopwatch<'create' | 'start'>(() => now)
  now += 30
  laps.lap('create')
  now += 200
  laps.lap('start')
  assert.deepEqual(
    [...laps.times],
    [
      ['create', 30],
      ['start', 200],
    ],
  )
  assert.equal(laps.totalMs(), 230)
})
