import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { alarms } from '../../db/schema-platform.ts'
import {
  ALARM_KINDS,
  clearedEvent,
  crossings,
  percentOf,
  raisedEvent,
  type AlarmSubject,
  type Level,
} from '../../src/core/alarm.ts'

const MEMORY: Level = {
  kind: 'container.memory',
  tenantId: 'aaaaaaaaaaaaaaaa',
  targetId: 'bbbbbbbbbbbbbbbb',
  targetName: 'web',
  part: '',
  percent: 0,
  raiseAt: 90,
  clearBelow: 80,
}
const at = (percent: number): Level => ({ ...MEMORY, percent })

const look = (raised: readonly AlarmSubject[], percent: number) => {
  const found = crossings(raised, { 'container.memory': [at(percent)] })
  return [found.raised.length, found.cleared.length]
}

test('the table of alarms holds the kinds that there are', () => {
  assert.deepEqual(alarms.kind.enumValues, [...ALARM_KINDS])
})

test('crossings() raises at its mark, clears below the other, and holds its peace between', () => {
  assert.deepEqual(look([], 89.9), [0, 0])
  assert.deepEqual(look([], 90), [1, 0])
  assert.deepEqual(look([MEMORY], 120), [0, 0])
  assert.deepEqual(look([MEMORY], 80), [0, 0])
  assert.deepEqual(look([MEMORY], 79.9), [0, 1])
})

test('crossings() clears what is gone, and leaves alone what cannot be told', () => {
  const gone = crossings([MEMORY], { 'container.memory': [] })
  assert.deepEqual(gone, { raised: [], cleared: [{ subject: MEMORY, level: undefined }] })
  assert.deepEqual(crossings([MEMORY], {}), { raised: [], cleared: [] })
})

test('crossings() tells subjects, and their parts, apart', () => {
  const disk = { ...MEMORY, kind: 'node.disk', targetId: 'local', percent: 99 } as const
  const [one, other] = [
    { ...disk, part: '/a' },
    { ...disk, part: '/b' },
  ]
  const found = crossings([one], { 'node.disk': [one, other], 'container.memory': [at(95)] })
  assert.deepEqual(found, { raised: [at(95), other], cleared: [] })
})

test('crossings() tells of each turn once, whatever the way up and down', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 130 })), (way) => {
      let raised: readonly AlarmSubject[] = []
      let last = 'cleared'
      for (const percent of way) {
        const found = crossings(raised, { 'container.memory': [at(percent)] })
        const turn = found.raised.length > 0 ? 'raised' : found.cleared.length > 0 && 'cleared'
        if (turn) {
          assert.notEqual(turn, last)
          assert.ok(turn === 'raised' ? percent >= 90 : percent < 80)
          last = turn
          raised = turn === 'raised' ? [MEMORY] : []
        }
        assert.ok(percent < 90 || raised.length === 1)
        assert.ok(percent >= 80 || raised.length === 0)
      }
    }),
  )
})

test('the events of an alarm say of whom, of what and how much', () => {
  const raised = raisedEvent(at(93.456))
  assert.equal(raised.action, 'container.memory-high')
  assert.equal(raised.message, 'Container "web" uses 93.4 % of its memory, which is 90 % or more')
  assert.deepEqual(raised.target, { kind: 'container', id: MEMORY.targetId, name: 'web' })
  assert.equal(raised.level, 'warning')
  const cleared = clearedEvent(MEMORY, at(50))
  assert.deepEqual([cleared.action, cleared.level], ['container.memory-normal', 'info'])
  assert.match(cleared.message, /uses 50 % of its memory again, which is less than 80 %$/)
  for (const kind of ALARM_KINDS) {
    const { message } = clearedEvent({ ...MEMORY, kind, part: '/data' }, undefined)
    assert.match(message, /^(Container|Machine|Tenant) "web"/)
  }
  assert.equal(clearedEvent(MEMORY, undefined).details?.['percent'], null)
  const quota = {
    ...at(100),
    kind: 'tenant.quota',
    part: 'memoryBytes',
    targetName: 'acme',
  } as const
  assert.match(
    raisedEvent(quota).message,
    /^Tenant "acme" has reserved 100 % of its limit of memory,/,
  )
  assert.deepEqual(raisedEvent(quota).details, { of: 'memoryBytes', percent: 100 })
})

test('percentOf() finds nothing used of nothing', () => {
  assert.deepEqual([percentOf(1, 0), percentOf(1, 2), percentOf(3, 2)], [0, 50, 150])
})
