import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  bareAnswer,
  denial,
  payloadLimit,
  recordsAnswer,
  writeReply,
} from '../../../proxy/core/dns-answer.ts'
import { decodeMessage, encodeQuestion, isAnswerTo } from '../../../proxy/core/dns-message.ts'
import { nameAt, nameKey, nameText } from '../../../proxy/core/dns-name.ts'
import { askedName, parseQuery } from '../../../proxy/core/dns-query.ts'
import { RCODE, TYPE } from '../../../proxy/core/dns-wire.ts'

const label = fc.uint8Array({ minLength: 1, maxLength: 63 })
const wireName = fc
  .array(label, { maxLength: 8 })
  .map((labels) =>
    Buffer.concat([...labels.flatMap((l) => [Buffer.of(l.length), l]), Buffer.of(0)]),
  )
  .filter(({ length }) => length <= 255)

test('nameKey() reads what nameText() writes, whatever the bytes', () => {
  fc.assert(
    fc.property(wireName, (wire) => {
      const key = nameAt(wire, 0)?.key
      assert.ok(key !== undefined)
      assert.equal(nameKey(nameText(key)), key)
    }),
  )
})

test('nameKey() refuses what is no name', () => {
  const long = Array.from({ length: 64 }, () => 'a').join('')
  for (const text of ['a..b', '.a', long, `${'abc.'.repeat(64)}a`, '\\1', '\\300', 'a\\', 'ā']) {
    assert.equal(nameKey(text), null, text)
  }
  assert.equal(nameKey('A.b.'), '\x01a\x01b\0')
})

test('nameAt() follows pointers as in RFC 1035 §4.1.4', () => {
  const message = Buffer.alloc(96)
  message.write('\x01F\x03ISI\x04ARPA\0', 20, 'latin1')
  message.write('\x03FOO\xc0\x14', 40, 'latin1')
  message.write('\xc0\x1a', 64, 'latin1')
  assert.deepEqual(nameAt(message, 40), { key: '\x03foo\x01f\x03isi\x04arpa\0', end: 46 })
  assert.deepEqual(nameAt(message, 64), { key: '\x04arpa\0', end: 66 })
  assert.deepEqual(nameAt(message, 92), { key: '\0', end: 93 })
})

test('nameAt() refuses pointers to themselves, forward and in a ring, and reserved labels', () => {
  for (const hex of ['c000', '016100c003c000c002', 'c0ff', '40', '80', '3f61', 'c0']) {
    const bytes = Buffer.from(hex, 'hex')
    assert.equal(nameAt(bytes, hex.startsWith('0161') ? 3 : 0), null, hex)
  }
  const ring = Buffer.from('0161c0000162c000', 'hex')
  assert.equal(nameAt(ring, 0), null)
})

test('no bytes make a parser throw or go on for ever', () => {
  const header = Buffer.from('000101000001000000000001', 'hex')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (noise, isQuery) => {
      const bytes = isQuery ? Buffer.concat([header, noise]) : Buffer.from(noise)
      parseQuery(bytes)
      decodeMessage(bytes)
      assert.ok(nameAt(bytes, bytes.length) === null)
    }),
    { numRuns: 3000 },
  )
})

const asked = fc.record({
  id: fc.nat(65535),
  wire: wireName,
  type: fc.constantFrom(1, 2, 5, 6, 12, 15, 16, 28, 33, 65, 255, 4000),
  recursion: fc.boolean(),
  checkingDisabled: fc.boolean(),
  edns: fc.option(fc.record({ secure: fc.boolean() })),
})

test('an encoded question is parsed to itself', () => {
  fc.assert(
    fc.property(asked, ({ wire, ...rest }) => {
      const key = nameAt(wire, 0)?.key ?? ''
      const packet = encodeQuestion({ ...rest, key })
      const query = parseQuery(packet)
      assert.ok(query.kind === 'query')
      assert.equal(askedName(packet, query), key)
      assert.equal(query.type, rest.type)
      assert.equal(query.edns?.secure, rest.edns?.secure)
      const decoded = decodeMessage(packet)
      assert.deepEqual(decoded?.questions, [{ key, type: rest.type, class: 1 }])
    }),
  )
})

test('a written answer is decoded to its records', () => {
  const addresses = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 90 })
  fc.assert(
    fc.property(asked, addresses, (given, list) => {
      const key = nameAt(given.wire, 0)?.key ?? ''
      const packet = encodeQuestion({ ...given, key })
      const query = parseQuery(packet)
      assert.ok(query.kind === 'query')
      const data = list.map((each) => Buffer.from(each))
      const limitBytes = payloadLimit(query.edns)
      const to = { packet, ...query, limitBytes, recursion: true }
      const reply = writeReply(to, recordsAnswer(TYPE.A, 5, data))
      assert.ok(reply.length <= limitBytes)
      const message = decodeMessage(reply)
      assert.ok(message !== null && isAnswerTo(packet, reply))
      assert.equal(message.additionals.length, query.edns === null ? 0 : 1)
      if ((message.flags & 0x0200) !== 0) assert.equal(message.answers.length, 0)
      else {
        const got = message.answers.map(({ dataAt, ...r }) => [
          r.key,
          reply.subarray(dataAt, dataAt + 4),
        ])
        assert.deepEqual(
          got,
          data.map((each) => [key, each]),
        )
      }
    }),
  )
})

test('a denial names the zone by a pointer into the question', () => {
  const apex = nameKey('demo.internal') ?? ''
  const answer = denial(RCODE.NXDOMAIN, apex, { serial: 7, ttlSeconds: 1 })
  for (const name of ['demo.internal', 'x.demo.internal', 'a.b.c.demo.internal']) {
    const { to } = reading(name)
    const message = decodeMessage(writeReply(to, answer))
    const [soa] = message?.authorities ?? []
    assert.equal(nameText(soa?.key ?? ''), 'demo.internal')
    assert.equal(soa?.ttlSeconds, 1)
    assert.equal(message?.flags, 0x8503) // QR, AA, RD, NXDOMAIN
  }
})

test('an answer with several records begins with another one each time', () => {
  const answer = recordsAnswer(
    TYPE.A,
    5,
    [1, 2, 3].map((n) => Buffer.of(10, 0, 0, n)),
  )
  const firsts = Array.from({ length: 6 }, () => {
    const reply = writeReply(reading('web.demo.internal').to, answer)
    return decodeMessage(reply)?.answers.map(({ dataAt }) => reply[dataAt + 3])
  })
  const turns = [
    [1, 2, 3],
    [2, 3, 1],
    [3, 1, 2],
  ]
  assert.deepEqual(firsts, [...turns, ...turns])
})

test('BADVERS is split between header and OPT as in RFC 6891 §6.1.3', () => {
  const packet = encodeQuestion({
    id: 1,
    key: nameKey('a') ?? '',
    type: 1,
    recursion: false,
    checkingDisabled: true,
    edns: { secure: true },
  })
  packet[packet.length - 5] = 1
  const query = parseQuery(packet)
  assert.ok(query.kind === 'refusal' && query.rcode === RCODE.BADVERS)
  const to = { packet, ...query, limitBytes: 512, recursion: false }
  const reply = writeReply(to, bareAnswer(query.rcode))
  assert.equal(reply.readUInt16BE(2), 0x8010) // QR and CD, the lower bits of 16 being 0
  assert.equal(reply[reply.length - 6], 1)
  assert.equal(reply[reply.length - 5], 0)
})

test('payloadLimit() lies between 512 and 1232', () => {
  const limits = [0, 511, 900, 4096].map((payloadBytes) =>
    payloadLimit({ payloadBytes, secure: false }),
  )
  assert.deepEqual([payloadLimit(null), ...limits], [512, 512, 512, 900, 1232])
})

function reading(name: string) {
  const packet = encodeQuestion({
    id: 9,
    key: nameKey(name) ?? '',
    type: 1,
    recursion: true,
    checkingDisabled: false,
    edns: null,
  })
  const query = parseQuery(packet)
  assert.ok(query.kind === 'query')
  return { query, to: { packet, ...query, limitBytes: 512, recursion: false } }
}
