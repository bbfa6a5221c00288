import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneAtATime } from '../../src/core/one-at-a-time.ts'

test('oneAtATime() begins under a name when the one before is over, however it ended', async () => {
  const run = oneAtATime()
  const said: string[] = []
  const gate = Promise.withResolvers<undefined>()
  const first = run('a', async () => {
    said.push('first begins')
    await gate.promise
    said.push('first fails')
    throw new Error('no')
  })
  const second = run('a', () => Promise.resolve(said.push('second')))
  await run('b', () => Promise.resolve(said.push('other')))
  gate.resolve(undefined)
  await assert.rejects(first, /no/)
  await second
  assert.deepEqual(said, ['first begins', 'other', 'first fails', 'second'])
})
