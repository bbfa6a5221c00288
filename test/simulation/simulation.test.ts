import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { template } from './land.ts'
import { simulate } from './simulate.ts'

/** A few worlds of the many that `npm run simulate` lives through. */
const SEEDS = [1, 2, 3, 4]
let database: Awaited<ReturnType<typeof template>>

before(async () => {
  database = await template()
})
after(() => database[Symbol.dispose]())

for (const seed of SEEDS) {
  test(`the world of seed ${seed} comes to what is desired`, async () => {
    const { broken, trace } = await simulate(seed, database.copy())
    assert.deepEqual(broken, [])
    // It was no idle world.
    assert.ok(trace.some((line) => line.includes('startContainer')))
  })
}

test('a seed is the same world each time, so that what it breaks can be looked at', async () => {
  const [one, again] = [await simulate(5, database.copy()), await simulate(5, database.copy())]
  assert.deepEqual(again.trace, one.trace)
  assert.ok(one.trace.some((line) => line.includes('life: ends')))
})
