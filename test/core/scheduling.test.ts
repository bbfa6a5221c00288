import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../db/schema-platform.ts'
import {
  admitsStart,
  isSettled,
  NODE_VERBS,
  noticeOf,
  schedulingAfter,
  SCHEDULINGS,
} from '../../src/core/scheduling.ts'

test('the table of machines holds the states that there are', () => {
  assert.deepEqual(nodes.scheduling.enumValues, [...SCHEDULINGS])
})

test('schedulingAfter() lets a drained machine be drained until it is uncordoned', () => {
  const after = NODE_VERBS.map((verb) => SCHEDULINGS.map((was) => schedulingAfter(verb, was)))
  assert.deepEqual(after, [
    ['cordoned', 'cordoned', 'drained'],
    ['drained', 'drained', 'drained'],
    ['open', 'open', 'open'],
  ])
})

test('admitsStart() lets only what is there start on a cordoned machine, and nothing on a drained one', () => {
  const starts = SCHEDULINGS.map((one) => [admitsStart(one, false), admitsStart(one, true)])
  assert.deepEqual(starts, [
    [true, true],
    [false, true],
    [false, false],
  ])
})

test('isSettled() waits for the end of every process, or for what is to run', () => {
  const running = { desired: 'running', state: 'running' } as const
  assert.equal(isSettled('drained', { ...running, desired: 'held' }), false)
  assert.equal(isSettled('drained', { desired: 'stopped', state: 'stopping' }), false)
  assert.equal(isSettled('drained', { desired: 'held', state: 'exited' }), true)
  assert.equal(isSettled('open', running), true)
  assert.equal(isSettled('open', { ...running, state: 'stopped' }), false)
  assert.equal(isSettled('open', { desired: 'stopped', state: 'stopping' }), true)
  // Its tenant is suspended.
  assert.equal(isSettled('open', { desired: 'held', state: 'stopped' }), true)
})

test('noticeOf() says what a drain of the only machine means', () => {
  assert.deepEqual([noticeOf('open'), noticeOf('cordoned')], [null, null])
  assert.match(noticeOf('drained') ?? '', /until it is uncordoned$/)
})
