import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { rotation, type Rotation } from '../../src/core/rotation.ts'

function all<T>(line: Rotation<T>): T[] {
  const taken: T[] = []
  for (let one = line.next(); one !== undefined; one = line.next()) taken.push(one)
  return taken
}

test('next() takes of each owner in turn, and of one owner in the order they came', () => {
  const line = rotation<string>()
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) line.put(item.charAt(0), item)
  assert.deepEqual([line.size(), line.sizeOf('a'), line.sizeOf('d')], [6, 3, 0])
  assert.deepEqual(all(line), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  assert.deepEqual([line.size(), line.sizeOf('a')], [0, 0])
})

const countOf = (owners: readonly string[], owner: string): number =>
  owners.filter((one) => one === owner).length

const Owner = fc.constantFrom('a', 'b', 'c', 'd')

test('next() loses nothing, keeps the order of each owner, and passes nobody twice', () => {
  fc.assert(
    fc.property(fc.array(Owner), (owners) => {
      const line = rotation<{ readonly owner: string; readonly at: number }>()
      for (const [at, owner] of owners.entries()) line.put(owner, { owner, at })
      const taken = all(line)
      for (const owner of new Set(owners)) {
        const own = taken.filter((one) => one.owner === owner).map(({ at }) => at)
        const put = owners.flatMap((one, at) => (one === owner ? [at] : []))
        assert.deepEqual(own, put)
        // Until its last is taken no other has had more than one turn more.
        const order = taken.map((one) => one.owner)
        const until = order.slice(0, order.lastIndexOf(owner))
        const most = Math.max(...owners.map((other) => countOf(until, other)))
        assert.ok(most <= countOf(until, owner) + 1)
      }
      assert.equal(taken.length, owners.length)
    }),
  )
})
