import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linksIn } from '../../src/adapters/cables.ts'

test('linksIn() reads which end is where, and leaves out what says neither', () => {
  const printed = JSON.stringify([
    { ifindex: 56, link_index: 57, ifname: 'eth0', address: '02:c1:0a:d0:01:02' },
    { ifindex: 1, ifname: 'lo', address: '00:00:00:00:00:00' },
    { ifindex: 2, link_index: 'x', address: '02:c1:0a:d0:01:03' },
    null,
  ])
  assert.deepEqual(linksIn(printed), [{ address: '02:c1:0a:d0:01:02', index: 57 }])
})

test('linksIn() of nothing is nothing', () => {
  assert.deepEqual(linksIn(''), [])
  assert.deepEqual(linksIn('{}'), [])
})
