import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublicAddress, judgedRegistry } from '../../src/core/registry-hosts.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

test('judgedRegistry() refuses this host, private ranges and every other spelling of an address', () => {
  for (const registry of words(`
    localhost localhost:5000 a.localhost 127.0.0.1:5000 127.0.0.1:2375 127.1.2.3 0.0.0.0:80 169.254.169.254
    10.208.1.1:7070 172.17.0.1 192.168.1.5:5000 100.64.0.1 198.18.0.1 224.0.0.1 255.255.255.255
    127.1:80 2130706433:80 0x7f000001:80 0x7f.0.0.1 0177.0.0.1 127.0.0.1.1:80 8.8.8.08 1.2.3.256 0x:80`)) {
    assert.equal(judgedRegistry(registry, []), 'refused', registry)
  }
})

test('judgedRegistry() lets public addresses through, and what the operator names, to the letter', () => {
  assert.equal(judgedRegistry('docker.io', []), 'fine')
  assert.equal(judgedRegistry('8.8.8.8:5000', []), 'fine')
  assert.equal(judgedRegistry('127.0.0.1:5000', ['127.0.0.1:5000']), 'fine')
  assert.equal(judgedRegistry('127.0.0.1:5001', ['127.0.0.1:5000']), 'refused')
  assert.equal(judgedRegistry('127.0.0.1', ['127.0.0.1:5000']), 'refused')
})

test('judgedRegistry() does not know a name before it is looked up', () => {
  for (const registry of [
    'ghcr.io',
    'registry:5000',
    'localhost.example.org',
    '0x7f.example.org',
  ]) {
    assert.equal(judgedRegistry(registry, []), 'unknown', registry)
  }
})

test('isPublicAddress() knows IPv6 as well', () => {
  for (const address of words(`
    ::1 :: fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1
    2002:7f00:1:: 2001::1 2001:0:1::1 2001:db8::1 2001:0db8::1 100::1`)) {
    assert.equal(isPublicAddress(address), false, address)
  }
  for (const address of [
    '2606:4700::1111',
    '2a00:1450:4001::200e',
    '2001:4860:4860::8888',
    '8.8.8.8',
  ]) {
    assert.equal(isPublicAddress(address), true, address)
  }
})
