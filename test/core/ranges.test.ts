import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressText, cidrText, overlaps, parseCidr, type Cidr } from '../../src/core/cidr.ts'
import { askedRange, freeSubnet, layoutOf, nextRange } from '../../src/core/ipam.ts'

function range(text: string): Cidr {
  const cidr = parseCidr(text)
  assert.ok(cidr, text)
  return cidr
}

const SUBNET_REST_MS = 10 * 60_000

test('askedRange() takes private ranges from /16 to /29 by their first address', () => {
  for (const text of ['10.0.0.0/16', '10.20.30.0/24', '172.31.255.248/29', '192.168.0.0/16']) {
    assert.deepEqual(askedRange(text), { ok: true, range: range(text) })
  }
})

test('askedRange() refuses every other, and says what is wanted', () => {
  for (const [text, why] of [
    ['10.0.0.0/15', /from \/16 to \/29/],
    ['10.0.0.0/30', /from \/16 to \/29/],
    ['0.0.0.0/0', /from \/16 to \/29/],
    ['10.20.30.1/24', /by its first address/],
    ['10.20.30.0', /by its first address/],
    ['fd00::/64', /by its first address/],
    ['', /by its first address/],
    ['11.0.0.0/24', /RFC 1918/],
    ['172.32.0.0/16', /RFC 1918/],
    ['169.254.0.0/16', /RFC 1918/],
    ['127.0.0.0/24', /RFC 1918/],
    ['100.64.0.0/16', /RFC 1918/],
    ['224.0.0.0/24', /RFC 1918/],
  ] as const) {
    const asked = askedRange(text)
    assert.ok(!asked.ok, text)
    assert.match(asked.reason, why, text)
  }
  fc.assert(fc.property(fc.string(), (text) => void askedRange(text)))
})

test('layoutOf() keeps gateway, containers and the engine apart in every size there can be', () => {
  for (let prefix = 16; prefix <= 29; prefix++) {
    const subnet = range(`10.64.0.0/${prefix}`)
    const { gateway, engineRange, first, last } = layoutOf(subnet)
    const engine = range(engineRange)
    assert.equal(gateway, '10.64.0.1')
    assert.ok(first === subnet.base + 2 && last >= first + 1, `/${prefix} has room for two`)
    assert.ok(last < engine.base && engine.base + engine.size === subnet.base + subnet.size)
  }
})

/** Anywhere in a corner of the pool in which ranges of all sizes meet. */
const aRange = fc
  .record({ prefix: fc.integer({ min: 16, max: 29 }), at: fc.nat(2 ** 18 - 1) })
  .map(({ prefix, at }) => {
    const size = 2 ** (32 - prefix)
    return range(`${addressText(0x0ad0_0000 + Math.floor(at / size) * size)}/${prefix}`)
  })

test('nextRange() answers a free one of the same size, and the nearest behind if there is one', () => {
  fc.assert(
    fc.property(aRange, fc.array(aRange, { maxLength: 12 }), (asked, taken) => {
      const next = nextRange(asked, taken)
      assert.ok(next, 'private space is never used up by so few')
      assert.equal(next.prefix, asked.prefix)
      assert.ok(askedRange(cidrText(next)).ok)
      assert.ok(!taken.some((one) => overlaps(one, next)))
      for (let base = asked.base; base < next.base; base += asked.size) {
        const nearer = { ...asked, base }
        assert.ok(
          taken.some((one) => overlaps(one, nearer)),
          cidrText(nearer),
        )
      }
    }),
  )
})

test('nextRange() goes on in other private space, and answers nothing when all is taken', () => {
  const asked = range('192.168.0.0/16')
  assert.deepEqual(nextRange(asked, [asked]), range('10.0.0.0/16'))
  const all = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(range)
  assert.equal(nextRange(asked, all), undefined)
})

test('of hundreds of subnets that come and go none overlaps a live one, and a freed one rests', () => {
  const pool = range('10.208.0.0/16')
  const aStep = fc.record({
    kind: fc.constantFrom('pick', 'pick', 'ask', 'free', 'wait'),
    n: fc.nat(300),
    range: aRange,
  })
  fc.assert(
    fc.property(fc.array(aStep, { minLength: 50, maxLength: 400 }), (steps) => {
      let now = 0
      const live: Cidr[] = []
      let freed: { readonly range: Cidr; readonly at: number }[] = []
      for (const { kind, n, range: asked } of steps) {
        freed = freed.filter(({ at }) => at > now - SUBNET_REST_MS)
        const taken = [...live, ...freed.map((one) => one.range)]
        if (kind === 'wait') now += n * 10_000
        else if (kind === 'free') {
          const [gone] = live.splice(n % Math.max(1, live.length), 1)
          if (gone) freed.push({ range: gone, at: now })
        } else {
          const isFree = !taken.some((one) => overlaps(one, asked))
          const found = kind === 'ask' ? isFree && asked : freeSubnet(pool, taken)
          if (!found) continue
          assert.ok(!taken.some((one) => overlaps(one, found)), cidrText(found))
          live.push(found)
        }
      }
    }),
    { numRuns: 30 },
  )
})
