import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileOf, ownerOf, refProblem, type SecretRef } from '../../src/core/secret-refs.ts'

const ref = (rest: Partial<SecretRef> = {}): SecretRef => ({
  name: 'a',
  version: 'latest',
  ...rest,
})
const problem = (refs: readonly SecretRef[], env: Record<string, string> = {}) => {
  const found = refProblem(refs, env)
  return found && `${found.index} ${found.field}`
}

test('fileOf() is the name where neither a file nor a variable is said', () => {
  assert.equal(fileOf(ref()), 'a')
  assert.equal(fileOf(ref({ file: 'x/y' })), 'x/y')
  assert.equal(fileOf(ref({ env: 'A' })), undefined)
})

test('refProblem() names the reference that is in the way of another, or of itself', () => {
  assert.equal(problem([ref(), ref({ file: 'b/c' }), ref({ env: 'A' }), ref({ env: 'B' })]), null)
  assert.equal(problem([ref(), ref()]), '1 file')
  assert.equal(problem([ref({ file: 'b' }), ref({ file: 'b/c' })]), '1 file')
  assert.equal(problem([ref({ file: 'b/c' }), ref({ file: 'b' })]), '1 file')
  assert.equal(problem([ref({ file: 'b' }), ref({ file: 'bc' })]), null)
  assert.equal(problem([ref({ env: 'A' }), ref({ env: 'A' })]), '1 env')
  assert.equal(problem([ref({ env: 'A' })], { A: '1' }), '0 env')
  assert.equal(problem([ref({ env: 'A', file: 'a' })]), '0 file')
  assert.equal(problem([ref({ env: 'A', mode: '0400' })]), '0 mode')
})

test('ownerOf() knows users by number, and root', () => {
  assert.deepEqual(ownerOf(''), { uid: 0, gid: 0 })
  assert.deepEqual(ownerOf('root'), { uid: 0, gid: 0 })
  assert.deepEqual(ownerOf('1000'), { uid: 1000, gid: 0 })
  assert.deepEqual(ownerOf('1000:7'), { uid: 1000, gid: 7 })
  assert.equal(ownerOf('node'), null)
  assert.equal(ownerOf('1000:staff'), null)
})
