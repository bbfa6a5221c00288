import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { block, contains, ipv4, ipv4Text, reverseZones } from '../../../proxy/core/dns-address.ts'
import { DnsFrames, framed } from '../../../proxy/core/dns-frames.ts'
import { nameText } from '../../../proxy/core/dns-name.ts'
import {
  endpoint,
  nameservers,
  withoutOwn,
  type Endpoint,
} from '../../../proxy/core/dns-resolvers.ts'

test('nameservers() reads what a resolv.conf says, and no more than three', () => {
  const text =
    '# nameserver 1.1.1.1\nsearch x\n nameserver\t192.0.2.1 # a\nnameserver 2001:db8::1\n;nameserver 9.9.9.9\nnameserver 192.0.2.2\nnameserver 192.0.2.3'
  assert.deepEqual(nameservers(text), ['192.0.2.1', '2001:db8::1', '192.0.2.2'])
  assert.deepEqual(nameservers(''), [])
})

test('endpoint() reads addresses with and without a port, and nothing else', () => {
  assert.deepEqual(endpoint('192.0.2.1'), { host: '192.0.2.1', port: 53 })
  assert.deepEqual(endpoint('192.0.2.1:5353'), { host: '192.0.2.1', port: 5353 })
  assert.deepEqual(endpoint('2001:db8::1'), { host: '2001:db8::1', port: 53 })
  assert.deepEqual(endpoint('[2001:db8::1]:5353'), { host: '2001:db8::1', port: 5353 })
  assert.deepEqual(endpoint('fe80::1%eth0'), { host: 'fe80::1%eth0', port: 53 })
  const tlsName = 'dns.example'
  assert.deepEqual(endpoint('tls://192.0.2.1#dns.example'), {
    host: '192.0.2.1',
    port: 853,
    tlsName,
  })
  assert.deepEqual(endpoint('tls://[2001:db8::1]:8853#dns.example'), {
    host: '2001:db8::1',
    port: 8853,
    tlsName,
  })
  assert.equal(endpoint('tls://192.0.2.1'), null)
  assert.equal(endpoint('tls://dns.example#dns.example'), null)
  for (const text of ['', 'dns.example', '192.0.2.256', '192.0.2.1:0', '192.0.2.1:70000', '[::1']) {
    assert.equal(endpoint(text), null, text)
  }
})

function endpointAt(host: string, port = 53): Endpoint {
  return { host, port }
}

test('withoutOwn() leaves out each way that leads back to us', () => {
  const hosts = new Set(['192.0.2.7'])
  const resolvers = [
    endpointAt('127.0.0.1'),
    endpointAt('192.0.2.7'),
    endpointAt('0.0.0.0'),
    endpointAt('9.9.9.9'),
    endpointAt('127.0.0.1', 54),
  ]
  const left = (own: string): string[] =>
    withoutOwn(resolvers, [endpointAt(own)], hosts).map(({ host, port }) => `${host}:${port}`)
  assert.deepEqual(left('127.0.0.1'), ['192.0.2.7:53', '9.9.9.9:53', '127.0.0.1:54'])
  assert.deepEqual(left('0.0.0.0'), ['9.9.9.9:53', '127.0.0.1:54'])
})

test('ipv4() and ipv4Text() are each the other way round', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (value) => assert.equal(ipv4(ipv4Text(value)), value)))
  for (const text of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.4 ', '::1', '0x1.2.3.4']) {
    assert.equal(ipv4(text), null, text)
  }
})

test('contains() is the arithmetic of CIDR', () => {
  const pool = block('10.208.3.4/12')
  assert.ok(pool !== null)
  const inside = (text: string): boolean => contains(pool, ipv4(text) ?? -1)
  assert.deepEqual(['10.207.255.255', '10.208.0.0', '10.223.255.255', '10.224.0.0'].map(inside), [
    false,
    true,
    true,
    false,
  ])
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8'])
    assert.equal(block(text), null, text)
})

function zones(cidr: string): string[] {
  const cut = block(cidr)
  assert.ok(cut !== null)
  return reverseZones(cut).map(nameText)
}

test('reverseZones() cuts a block at the octets', () => {
  assert.deepEqual(zones('10.0.0.0/8'), ['10.in-addr.arpa'])
  assert.deepEqual(zones('127.0.0.0/24'), ['0.0.127.in-addr.arpa'])
  assert.equal(zones('10.208.0.0/12').length, 16)
  assert.deepEqual(zones('192.0.2.128/31'), [
    '128.2.0.192.in-addr.arpa',
    '129.2.0.192.in-addr.arpa',
  ])
})

test('DnsFrames finds the same messages however the bytes are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
  fc.assert(
    fc.property(messages, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (list, sizes) => {
      const sent = list.map((each) => Buffer.from(each))
      const bytes = Buffer.concat(sent.map(framed))
      const frames = new DnsFrames()
      const got: Buffer[] = []
      let at = 0
      for (const size of sizes) {
        if (at >= bytes.length) break
        frames.push(bytes.subarray(at, at + size), (message) => got.push(message))
        at += size
      }
      assert.deepEqual(got, sent)
    }),
  )
})
