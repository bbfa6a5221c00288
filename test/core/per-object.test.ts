import assert from 'node:assert/strict'
import { test } from 'node:test'
import { perObject } from '../../src/core/per-object.ts'

test('perObject() makes a value once for each object, also where the value is undefined', () => {
  let made = 0
  const valueOf = perObject(({ value }: { readonly value: number | undefined }) => {
    made++
    return value
  })
  const [one, none] = [{ value: 1 }, { value: undefined }]
  for (let turn = 0; turn < 3; turn++) {
    assert.deepEqual([valueOf(one), valueOf(none)], [1, undefined])
  }
  assert.equal(made, 2)
  assert.equal(valueOf({ value: 1 }), 1)
  assert.equal(made, 3)
})
