import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readProxyHeader } from '../../../proxy/core/proxy-header.ts'

const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
const V4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0, 80]
const V6 = [
  0x20,
  1,
  0x0d,
  0xb8,
  ...Array.from({ length: 11 }, () => 0),
  7,
  ...Array.from({ length: 20 }, () => 1),
]
const MAPPED = [
  ...Array.from({ length: 10 }, () => 0),
  255,
  255,
  192,
  0,
  2,
  9,
  ...Array.from({ length: 20 }, () => 1),
]

/** A header with the length that its rest has, or another one. */
function header(
  [command, family]: readonly [number, number],
  rest: readonly number[],
  length = rest.length,
) {
  return Uint8Array.from([...SIGNATURE, command, family, length >> 8, length & 255, ...rest])
}

test('readProxyHeader() finds the client’s address, and where the client’s own bytes begin', () => {
  for (const [what, bytes, source] of [
    ['TCP over IPv4', header([0x21, 0x11], V4), '192.0.2.7'],
    ['TCP over IPv6', header([0x21, 0x21], V6), '2001:db8::7'],
    ['an IPv4 address that is mapped into IPv6', header([0x21, 0x21], MAPPED), '192.0.2.9'],
    ['extensions', header([0x21, 0x11], [...V4, 3, 0, 4, 1, 2, 3, 4, 4, 0, 0]), '192.0.2.7'],
    ['LOCAL', header([0x20, 0x00], []), null],
    ['LOCAL with addresses, which say nothing', header([0x20, 0x11], V4), null],
    ['LOCAL of an unknown family', header([0x20, 0x77], [1, 2, 3]), null],
    ['an unspecified family', header([0x21, 0x00], [1, 2, 3]), null],
  ] as const) {
    assert.deepEqual(readProxyHeader(bytes), { kind: 'header', source, end: bytes.length }, what)
    const longer = Uint8Array.from([...bytes, 0x47, 0x45, 0x54])
    assert.deepEqual(readProxyHeader(longer), { kind: 'header', source, end: bytes.length }, what)
    for (let end = 0; end < bytes.length; end += 1) {
      assert.equal(readProxyHeader(bytes.subarray(0, end)).kind, 'incomplete', `${what}, ${end}`)
    }
  }
})

const text = (said: string) => new TextEncoder().encode(said)

test('readProxyHeader() refuses whatever is not a header of version 2', () => {
  for (const [what, bytes] of [
    ['version 1', text('PROXY TCP4 192.0.2.7 198.51.100.1 12345 80\r\n')],
    ['a request', text('GET / HTTP/1.1\r\n')],
    ['a ClientHello', Uint8Array.from([22, 3, 1, 0, 200])],
    ['another signature', Uint8Array.from([...SIGNATURE.slice(0, 11), 11])],
    ['version 3', header([0x31, 0x11], V4)],
    ['version 1 in the binary form', header([0x11, 0x11], V4)],
    ['a further command', header([0x22, 0x11], V4)],
    ['datagrams', header([0x21, 0x12], V4)],
    [
      'a Unix socket',
      header(
        [0x21, 0x31],
        Array.from({ length: 216 }, () => 0),
      ),
    ],
    ['an unspecified transport', header([0x21, 0x10], V4)],
    ['too few bytes for two addresses of IPv4', header([0x21, 0x11], V4.slice(1))],
    ['too few bytes for two addresses of IPv6', header([0x21, 0x21], V4)],
    ['more than it may have', header([0x21, 0x11], V4, 4097)],
    ['an extension that is cut', header([0x21, 0x11], [...V4, 4, 0])],
    ['an extension beyond the end', header([0x21, 0x11], [...V4, 4, 0, 2, 1])],
  ] as const) {
    assert.equal(readProxyHeader(bytes).kind, 'refused', what)
  }
})

test('readProxyHeader() says the same of a damaged header however it comes, and throws at none', () => {
  const whole = fc.constantFrom(
    header([0x21, 0x11], V4),
    header([0x21, 0x21], [...V6, 4, 0, 1, 0]),
    header([0x20, 0], []),
  )
  const damage = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 })
  fc.assert(
    fc.property(whole, damage, fc.uint8Array({ maxLength: 8 }), (sent, changes, more) => {
      const bytes = Uint8Array.from([...sent, ...more])
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
      const verdict = readProxyHeader(bytes)
      if (verdict.kind === 'incomplete') return
      let first = 0
      while (readProxyHeader(bytes.subarray(0, first)).kind === 'incomplete') first += 1
      assert.deepEqual(readProxyHeader(bytes.subarray(0, first)), verdict)
      if (verdict.kind === 'header') assert.equal(first, verdict.end)
    }),
    { numRuns: 5000 },
  )
})
