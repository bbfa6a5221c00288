import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, integer, property } from 'fast-check'
import { summaryOf } from '../../bench/statistics.ts'

test('summaryOf() takes the middle one of an odd number', () => {
  assert.equal(summaryOf([9, 1, 5]).median, 5)
})

test('summaryOf() takes the mean of the two in the middle of an even number', () => {
  assert.equal(summaryOf([4, 1, 3, 2]).median, 2.5)
})

test('summaryOf() puts p90 between the two nearest in proportion', () => {
  const values = Array.from({ length: 20 }, (_, i) => i + 1)
  assert.ok(Math.abs(summaryOf(values).p90 - 18.1) < 1e-9)
})

test('summaryOf() of one value is that value', () => {
  assert.deepEqual(summaryOf([7]), { count: 1, min: 7, median: 7, p90: 7, max: 7 })
})

test('summaryOf() refuses to speak of nothing', () => {
  assert.throws(() => summaryOf([]), RangeError)
})

test('summaryOf() is in order, whatever was measured and in which order', () => {
  const measured = array(integer({ min: 0, max: 1e9 }), { minLength: 1 })
  holds(
    property(measured, (values) => {
      const { count, min, median, p90, max } = summaryOf(values)
      assert.equal(count, values.length)
      assert.ok(min <= median && median <= p90 && p90 <= max)
      assert.deepEqual(summaryOf(values.toReversed()), summaryOf(values))
    }),
  )
})
