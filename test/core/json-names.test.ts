import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, json, property } from 'fast-check'
import { repeatedName } from '../../src/core/json-names.ts'

test('repeatedName() finds a name that is there twice, at any depth and however it is written', () => {
  for (const [text, name] of [
    ['{"a":1,"a":2}', 'a'],
    ['{"x":[{"b":{}},{"c":1,"b":2,"c":3}]}', 'c'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{ "a" : "{", "b" : 1 , "b":"}" }', 'b'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ] as const) {
    assert.equal(repeatedName(text), name, text)
  }
})

test('repeatedName() finds none where each is there once', () => {
  for (const text of [
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '"a:a"',
    '{"a":"\\",\\"a\\":\\"","c":"}{"}',
    '[]',
    '{"constructor":1,"toString":2}',
  ]) {
    assert.equal(repeatedName(text), undefined, text)
  }
})

test('repeatedName() finds none in what was written from a value', () => {
  holds(
    property(json(), (text) =>
      assert.equal(repeatedName(JSON.stringify(JSON.parse(text))), undefined),
    ),
  )
})
