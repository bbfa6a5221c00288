import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressNumber, addressText, cidrText, overlaps, parseCidr } from '../../src/core/cidr.ts'
import {
  DEFAULT_POOLS,
  freeAddress,
  freePool,
  freeSubnet,
  layoutOf,
  macFor,
  resolverAddress,
} from '../../src/core/ipam.ts'

function range(text: string) {
  const cidr = parseCidr(text)
  assert.ok(cidr, text)
  return cidr
}

const anyAddress = fc.nat(2 ** 32 - 1)

test('addressText() and addressNumber() undo each other', () => {
  fc.assert(fc.property(anyAddress, (number) => addressNumber(addressText(number)) === number))
})

test('addressNumber() refuses what other readers take for another address', () => {
  const strange = [
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '0x1.2.3.4',
    '1.2.3.4 ',
    '',
    '1..2.3',
  ]
  for (const text of strange) assert.equal(addressNumber(text), undefined, text)
})

test('parseCidr() and cidrText() undo each other, and host bits are refused', () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(32), (number, prefix) => {
      const size = 2 ** (32 - prefix)
      const base = Math.floor(number / size) * size
      const text = `${addressText(base)}/${prefix}`
      assert.equal(cidrText(range(text)), text)
      if (size > 1) assert.equal(parseCidr(`${addressText(base + 1)}/${prefix}`), undefined)
    }),
  )
  for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0/8', '/8']) {
    assert.equal(parseCidr(text), undefined, text)
  }
})

test('parseCidr() throws at nothing', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseCidr(text)))
})

test('overlaps() is true where one address is in both', () => {
  for (const [a, b, expected] of [
    ['10.0.0.0/8', '10.208.0.0/12', true],
    ['10.208.0.0/12', '10.0.0.0/8', true],
    ['10.208.0.0/12', '10.224.0.0/12', false],
    ['10.208.1.0/24', '10.208.2.0/24', false],
    ['0.0.0.0/0', '192.168.0.1/32', true],
  ] as const) {
    assert.equal(overlaps(range(a), range(b)), expected, `${a} ${b}`)
  }
})

test('freePool() answers the first pool that overlaps nothing', () => {
  assert.equal(freePool(DEFAULT_POOLS, []), '10.208.0.0/12')
  assert.equal(freePool(DEFAULT_POOLS, [range('10.210.3.0/24')]), '10.224.0.0/12')
  assert.equal(freePool(DEFAULT_POOLS, [range('10.0.0.0/8')]), undefined)
})

test('freeSubnet() answers the lowest that is not taken, and never the first, which is ours', () => {
  const pool = range('10.208.0.0/21')
  const subnets = Array.from({ length: 7 }, (_, i) => `10.208.${i + 1}.0/24`)
  fc.assert(
    fc.property(fc.subarray(subnets), (taken) => {
      const free = freeSubnet(pool, taken.map(range))
      const expected = subnets.find((one) => !taken.includes(one))
      assert.equal(free && cidrText(free), expected)
    }),
  )
  assert.deepEqual(freeSubnet(pool, []), range('10.208.1.0/24'))
  assert.equal(freeSubnet(pool, subnets.map(range)), undefined)
})

test('freeAddress() answers one that is inside, not taken, and neither gateway nor the platform’s', () => {
  const subnet = range('10.208.7.0/24')
  const { first, last, gateway, engineRange } = layoutOf(subnet)
  assert.deepEqual([gateway, engineRange], ['10.208.7.1', '10.208.7.252/30'])
  assert.equal(addressText(last), '10.208.7.191')
  const all = Array.from({ length: last - first + 1 }, (_, i) => addressText(first + i))
  fc.assert(
    fc.property(fc.subarray(all), (taken) => {
      const free = freeAddress(subnet, taken)
      assert.equal(
        free,
        all.find((one) => !taken.includes(one)),
      )
    }),
  )
  assert.equal(freeAddress(subnet, all), undefined)
})

test('macFor() is another for each address, locally administered, and to one station', () => {
  fc.assert(
    fc.property(anyAddress, anyAddress, (a, b) => {
      const [one, two] = [macFor(addressText(a)), macFor(addressText(b))]
      assert.equal(one === two, a === b)
      assert.match(one, /^02(:[0-9a-f]{2}){5}$/)
    }),
  )
})

test('resolverAddress() is in the part of the pool that no network gets', () => {
  assert.equal(resolverAddress(range('10.208.0.0/12')), '10.208.0.53')
})
