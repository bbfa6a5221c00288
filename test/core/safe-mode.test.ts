import assert from 'node:assert/strict'
import { test } from 'node:test'
import { safeModeOf } from '../../src/core/safe-mode.ts'

test('safeModeOf() reads what a restore has written', () => {
  const at = '2026-01-02T03:04:05.000Z'
  const text = JSON.stringify({ reason: 'restored', from: 'a.db', at })
  assert.deepEqual(safeModeOf(text), { reason: 'restored', since: at })
})

test('safeModeOf() takes for safe mode whatever it cannot read', () => {
  for (const text of ['', '1', 'null', '[]', '{}', '{"reason":1,"at":"soon"}']) {
    assert.deepEqual(safeModeOf(text), { reason: 'unknown', since: null }, text)
  }
})
