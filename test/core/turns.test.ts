import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turns } from '../../src/core/turns.ts'

/** Jobs that end when they are told to, and the order in which they have begun. */
function jobs(most: number, mostOfOwner: number) {
  const queue = turns(most, mostOfOwner)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    enter: (owner: string, name: string): (() => void) =>
      queue.enter(owner, () => {
        begun.push(name)
        return new Promise((resolve) => ends.set(name, resolve))
      }),
    end: async (name: string): Promise<void> => {
      ends.get(name)?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('turns() runs no more than may be, of one owner no more than its share', async () => {
  const made = jobs(3, 2)
  const { begun } = made
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2']) made.enter(name.slice(0, 1), name)
  assert.deepEqual(begun, ['a1', 'a2', 'b1'])
  await made.end('b1')
  assert.deepEqual(begun.slice(3), ['b2'], 'a has its share already')
  await made.end('a1')
  assert.deepEqual(begun.slice(4), ['a3'])
})

test('turns() forgets a job that is taken back before it has begun', async () => {
  const made = jobs(1, 1)
  const { begun } = made
  made.enter('a', 'first')
  made.enter('b', 'second')()
  made.enter('c', 'third')
  await made.end('first')
  assert.deepEqual(begun, ['first', 'third'])
})
