import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressGroup, isLoopback } from '../../src/core/address-group.ts'

test('addressGroup() takes IPv4 as it is, over whichever socket it came', () => {
  assert.equal(addressGroup('203.0.113.9'), '203.0.113.9')
  assert.equal(addressGroup('::ffff:203.0.113.9'), '203.0.113.9')
  assert.notEqual(addressGroup('::ffff:203.0.113.9'), addressGroup('::ffff:203.0.113.10'))
  assert.equal(addressGroup('-'), '-')
})

test('addressGroup() puts a /64 of IPv6 together, however it is written', () => {
  const group = '2001:db8:0:1::/64'
  for (const address of [
    '2001:db8:0:1::1',
    '2001:0db8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:DB8::1:0:0:0:7',
    '2001:db8:0:1:2:3:4:5%eth0',
  ]) {
    assert.equal(addressGroup(address), group, address)
  }
  assert.notEqual(addressGroup('2001:db8:0:2::1'), group)
  assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(addressGroup('::1'), '0:0:0:0::/64')
})

test('isLoopback() knows the own addresses', () => {
  for (const own of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(own))
  for (const other of ['128.0.0.1', '-', '::2', '127.0.0.1.example', '10.127.0.1']) {
    assert.ok(!isLoopback(other))
  }
})
