import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ipAddress, ipRange, ipText, isWithin } from '../../src/core/ip-address.ts'

test('ipText() writes an address as RFC 5952 wants it', () => {
  for (const [written, shown] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:0201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ] as const) {
    const address = ipAddress(written)
    assert.equal(address === null ? null : ipText(address), shown, written)
  }
})

test('ipAddress() takes nothing that is no address', () => {
  for (const text of [
    '',
    ':',
    ':::',
    '1',
    '1.2.3',
    '1.2.3.256',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    'fe80::1%lo',
    '[::1]',
    '12345::',
    '::1.2.3',
    '::1.2.3.4.5',
    'unknown',
  ]) {
    assert.equal(ipAddress(text), null, text)
  }
})

test('ipText() and ipAddress() are each other’s opposite, for every address', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
      const text = ipText(groups)
      assert.notEqual(isIP(text), 0, text)
      assert.deepEqual(ipAddress(text), groups)
    }),
  )
})

test('ipAddress() agrees with node:net on what an address is', () => {
  const piece = fc.constantFrom('::', ':', '1', '0', 'ffff', '1.2.3.4', 'g', '2')
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 17 }).map((all) => all.join('')),
      (text) => {
        assert.equal(ipAddress(text) !== null, isIP(text) !== 0, text)
      },
    ),
    { numRuns: 2000 },
  )
})

test('isWithin() counts the bits of a prefix', () => {
  for (const [range, inside, outside] of [
    [
      '10.0.0.0/8',
      ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'],
      ['11.0.0.0', '9.255.255.255'],
    ],
    ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.128']],
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.6']],
    ['0.0.0.0/0', ['255.255.255.255'], ['2001:db8::1', '::1']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::', '2001:db9::']],
    ['::/0', ['::1', '1.2.3.4'], []],
  ] as const) {
    const read = ipRange(range)
    assert.ok(read !== null, range)
    const holds = (text: string): boolean => isWithin([read], ipAddress(text) ?? [])
    for (const text of inside) assert.equal(holds(text), true, `${text} in ${range}`)
    for (const text of outside) assert.equal(holds(text), false, `${text} in ${range}`)
  }
})

test('ipRange() takes nothing that is no range', () => {
  for (const text of [
    '10.0.0.1/8',
    '10.0.0.0/33',
    '2001:db8::1/64',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'proxy.example',
    '',
  ]) {
    assert.equal(ipRange(text), null, text)
  }
})
