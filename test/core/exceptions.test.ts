import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowances, EXCEPTIONS, notGranted } from '../../src/core/exceptions.ts'

test('notGranted() names what was asked for and not granted', () => {
  assert.deepEqual(notGranted([], []), [])
  assert.deepEqual(notGranted(['large-shm'], ['large-shm']), [])
  assert.deepEqual(notGranted(['large-shm'], ['large-shm', 'writable-root']), ['writable-root'])
})

test('allowances() of no exception are those of the policy', () => {
  const nothing = { furtherCapabilities: [], largeShm: false }
  assert.deepEqual(allowances('baseline', []), { ...nothing, readOnlyRoot: false })
  assert.deepEqual(allowances('restricted', []), { ...nothing, readOnlyRoot: true })
})

test('allowances() of all exceptions together open no way to the host', () => {
  const { furtherCapabilities, ...rest } = allowances('restricted', EXCEPTIONS)
  assert.deepEqual(rest, { largeShm: true, readOnlyRoot: false })
  assert.deepEqual(furtherCapabilities, ['IPC_LOCK', 'NET_RAW', 'SYS_CHROOT', 'SYS_PTRACE'])
})
