import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Meters } from '../../../proxy/core/meters.ts'
import {
  DURATION_BOUNDS_MS,
  durationBucket,
  REQUEST,
  REQUEST_NUMBERS,
} from '../../../src/core/request-meter.ts'

const small = () => new Meters({ size: 2, most: 2, goneMs: 1000 })

test('moved() tells what has moved since a look, and each number whole', () => {
  const meters = small()
  const web = meters.of('web.demo', 'demo', 'web.demo')
  meters.count(web, 0)
  const first = meters.moved(0)
  assert.deepEqual(first.series, [{ tenant: 'demo', app: 'web.demo', numbers: [1, 0] }])
  assert.deepEqual(meters.moved(first.seq).series, [])
  meters.count(web, 1, 5)
  assert.deepEqual(meters.moved(first.seq).series[0]?.numbers, [1, 5])
  assert.deepEqual(meters.moved(0).series[0]?.numbers, [1, 5], 'whoever begins anew hears all')
})

test('what comes beyond the bound is counted under no name', () => {
  const meters = small()
  for (const key of ['a', 'b', 'c', 'd']) meters.count(meters.of(key, 'demo', key), 0)
  assert.equal(meters.size, 2)
  const none = meters.moved(0).series.find(({ app }) => app === '')
  assert.deepEqual(none?.numbers, [2, 0])
})

test('a meter of an app that is gone goes some time later, unless it comes back', () => {
  const meters = small()
  const known = new Set(['a', 'b'])
  for (const key of known) meters.count(meters.of(key, 'demo', key), 0)
  const isKnown = (key: string): boolean => known.has(key)
  meters.moved(0)
  known.clear()
  meters.keep(isKnown, 0)
  known.add('b')
  meters.keep(isKnown, 500)
  known.clear()
  meters.keep(isKnown, 1001)
  assert.deepEqual(
    meters.moved(0).series.map(({ app }) => app),
    ['b'],
  )
  meters.keep(isKnown, 2002)
  assert.equal(meters.size, 0)
})

test('a meter that moves is kept, whoever knows of it', () => {
  const meters = small()
  for (const nowMs of [0, 2000, 4000, 6000]) {
    meters.count(meters.of('a', 'demo', 'a'), 0)
    meters.keep(() => false, nowMs)
    meters.moved(0)
  }
  assert.deepEqual(meters.moved(0).series[0]?.numbers, [4, 0])
})

test('durationBucket() finds the first bound that is not exceeded', () => {
  assert.equal(durationBucket(0), REQUEST.durations)
  for (const [i, bound] of DURATION_BOUNDS_MS.entries()) {
    assert.equal(durationBucket(bound), REQUEST.durations + i)
    assert.equal(durationBucket(bound + 1), REQUEST.durations + i + 1)
  }
  assert.equal(durationBucket(1e9), REQUEST_NUMBERS - 1)
})
