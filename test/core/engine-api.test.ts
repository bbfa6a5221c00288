import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, integer, property } from 'fast-check'
import { API_NEWEST, API_OLDEST, apiBefore, spokenApi } from '../../src/core/engine-api.ts'

const spoken = (newest: string, oldest = '1.24') => spokenApi({ newest, oldest })

test('spokenApi() takes what the engine has, where that is older than what is known here', () => {
  assert.deepEqual(spoken('1.41'), { ok: true, version: '1.41' })
  assert.deepEqual(spoken('1.47'), { ok: true, version: '1.47' })
})

test('spokenApi() takes the newest that was tried, where the engine has a newer one', () => {
  assert.deepEqual(spoken('1.99', '1.44'), { ok: true, version: API_NEWEST })
  assert.deepEqual(spoken('2.3', '1.44'), { ok: true, version: API_NEWEST })
  assert.deepEqual(spoken('1.56', API_NEWEST), { ok: true, version: API_NEWEST })
})

test('spokenApi() refuses an engine that is too old, and says what to update', () => {
  const found = spoken('1.40')
  assert.ok(!found.ok)
  assert.equal(found.reason, 'it speaks API 1.40 at most, and Cloudlet needs 1.41')
  assert.match(found.todo, /^Update the engine to Docker 20\.10/)
})

test('spokenApi() refuses an engine that has dropped what is known here', () => {
  const found = spoken('1.80', '1.60')
  assert.ok(!found.ok)
  assert.match(found.reason, /speaks API 1\.60 at least/)
  assert.equal(found.todo, 'Update Cloudlet')
})

test('spokenApi() refuses an engine that does not say, or says nonsense', () => {
  for (const newest of ['', 'v1.41', '1', '1.41.0', '1.x', 'latest', '99999.1']) {
    assert.equal(spoken(newest).ok, false, newest)
  }
  // That the oldest is missing says nothing: engines before 1.25 left it out.
  assert.deepEqual(spoken('1.44', ''), { ok: true, version: '1.44' })
})

test('apiBefore() compares numbers, not fractions', () => {
  assert.equal(apiBefore('1.9', '1.41'), true)
  assert.equal(apiBefore('1.41', '1.41'), false)
  assert.equal(apiBefore('2.0', '1.41'), false)
})

test('spokenApi() speaks nothing that either side lacks', () => {
  const minor = integer({ min: 0, max: 120 })
  holds(
    property(minor, minor, (first, second) => {
      const [oldest, newest] = [Math.min(first, second), Math.max(first, second)]
      const found = spoken(`1.${newest}`, `1.${oldest}`)
      if (!found.ok) return newest < 41 || oldest > 56
      const { version } = found
      return !(
        apiBefore(version, API_OLDEST) ||
        apiBefore(API_NEWEST, version) ||
        apiBefore(version, `1.${oldest}`) ||
        apiBefore(`1.${newest}`, version)
      )
    }),
  )
})
