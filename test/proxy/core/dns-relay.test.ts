import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { writeReply } from '../../../proxy/core/dns-answer.ts'
import { isForbidden } from '../../../proxy/core/dns-forbidden.ts'
import { nameKey } from '../../../proxy/core/dns-name.ts'
import { parseQuery } from '../../../proxy/core/dns-query.ts'
import { relayed, type Relayed } from '../../../proxy/core/dns-relay.ts'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import { question, told } from '../dns/client.ts'
import { addressData, answerTo, nameData, soaData, type Written } from '../dns/messages.ts'

const NAME = 'www.example.com'
const QUERY = question({ name: NAME, type: TYPE.A })

const a = (name: string, address: string, ttl = 60): Written => {
  return { name, type: TYPE.A, ttl, data: addressData(address) }
}
const alias = (name: string, target: string, ttl = 60): Written => {
  return { name, type: TYPE.CNAME, ttl, data: nameData(target) }
}

const soa = (name: string, ttl: number, minimum: number): Written => {
  return { name, type: TYPE.SOA, ttl, data: soaData(minimum) }
}

function heard(message: Buffer, isForbiddenHere = (): boolean => false): Relayed {
  const asked = { key: nameKey(NAME) ?? '', type: TYPE.A, secure: false }
  const found = relayed(message, { ...asked, isForbidden: isForbiddenHere })
  assert.ok(found !== null)
  return found
}

/** What a client is told of it. */
function toldOf({ answer }: Relayed) {
  const query = parseQuery(QUERY)
  assert.ok(query.kind === 'query')
  const to = { packet: QUERY, ...query, limitBytes: 65_535, recursion: true }
  return told(writeReply(to, answer))
}

test('relayed() takes the aliases in their order, and the addresses at their end', () => {
  const message = answerTo(QUERY, {
    answers: [
      a('edge.example.net', '192.0.2.1', 30),
      alias('cdn.example.net', 'edge.example.net', 40),
      alias(NAME, 'cdn.example.net', 50),
      a('edge.example.net', '192.0.2.2', 20),
    ],
  })
  const found = heard(message)
  const cdn = nameData('cdn.example.net').toString('hex')
  const edge = nameData('edge.example.net').toString('hex')
  assert.deepEqual(toldOf(found).answers, [
    `${NAME} 5 ${cdn}`,
    `cdn.example.net 5 ${edge}`,
    'edge.example.net 1 192.0.2.1',
    'edge.example.net 1 192.0.2.2',
  ])
  assert.equal(found.ttlSeconds, 20)
})

test('relayed() leaves out what nobody has asked for', () => {
  const message = answerTo(QUERY, {
    answers: [a('www.bank.example', '192.0.2.66'), a(NAME, '192.0.2.1'), alias('x.example', NAME)],
    authorities: [{ name: 'com', type: TYPE.NS, data: nameData('evil.example') }],
    additionals: [a('evil.example', '192.0.2.66')],
  })
  const { answers, authorities, message: decoded } = toldOf(heard(message))
  assert.deepEqual(answers, [`${NAME} 1 192.0.2.1`])
  assert.deepEqual(authorities, [])
  assert.deepEqual(decoded.additionals, [])
})

test('relayed() says how long there is nothing, by the SOA of a zone that the name is in', () => {
  const nothing = (authority: Written, rcode = 3): Relayed =>
    heard(answerTo(QUERY, { rcode, authorities: [authority] }))
  assert.equal(nothing(soa('example.com', 900, 120)).ttlSeconds, 120)
  assert.equal(nothing(soa('example.com', 60, 120)).ttlSeconds, 60)
  assert.equal(nothing(soa('com', 9000, 9000), 0).ttlSeconds, 300)
  assert.equal(nothing(soa('example.net', 900, 120)).ttlSeconds, 0)
  assert.equal(nothing(soa('example.com', 900, 120), 9).ttlSeconds, 0)
  assert.deepEqual(toldOf(nothing(soa('example.com', 900, 120))).authorities, ['example.com 6 SOA'])
  const target = answerTo(QUERY, {
    rcode: 3,
    answers: [alias(NAME, 'gone.example.net', 20)],
    authorities: [soa('example.net', 900, 120)],
  })
  assert.equal(heard(target).ttlSeconds, 20)
  assert.equal(heard(answerTo(QUERY, {})).ttlSeconds, 0)
})

test('relayed() writes out names that point into the other message', () => {
  const pointing = Buffer.concat([Buffer.from([3]), Buffer.from('cdn'), Buffer.from([0xc0, 16])])
  const record = { name: NAME, type: TYPE.CNAME, data: pointing }
  const { answers } = toldOf(heard(answerTo(QUERY, { answers: [record] })))
  assert.deepEqual(answers, [`${NAME} 5 ${nameData('cdn.example.com').toString('hex')}`])
})

test('relayed() takes a TTL of more than a day for a day, and one with the top bit for none', () => {
  assert.equal(heard(answerTo(QUERY, { answers: [a(NAME, '192.0.2.1', 1e9)] })).ttlSeconds, 86_400)
  const odd = a(NAME, '192.0.2.1', 0x80000001)
  assert.equal(heard(answerTo(QUERY, { answers: [odd] })).ttlSeconds, 0)
})

test('relayed() ends where aliases go in a ring', () => {
  const answers = [alias(NAME, 'b.example'), alias('b.example', NAME)]
  assert.equal(toldOf(heard(answerTo(QUERY, { answers }))).answers.length, 2)
})

test('relayed() takes no answer that is about the way, such as BADVERS', () => {
  const opt = { name: '.', type: TYPE.OPT, ttl: 0x01000000, data: Buffer.alloc(0) }
  const message = answerTo(QUERY, { answers: [a(NAME, '192.0.2.1')], additionals: [opt] })
  const asked = { key: nameKey(NAME) ?? '', type: TYPE.A, secure: false, isForbidden: () => false }
  assert.equal(relayed(message, asked), null)
})

test('relayed() leaves out forbidden addresses, and there is nothing where all of them are', () => {
  const inside = [{ first: 0x0ad00000, prefix: 12 }]
  const check = (type: number, address: Buffer): boolean => isForbidden(type, address, inside)
  const asked = { key: nameKey(NAME) ?? '', type: TYPE.A, secure: false, isForbidden: check }
  const some = relayed(
    answerTo(QUERY, { answers: [a(NAME, '10.208.1.2'), a(NAME, '192.0.2.1')] }),
    asked,
  )
  assert.equal(some?.filtered, 1)
  assert.deepEqual(toldOf(some).answers, [`${NAME} 1 192.0.2.1`])
  const none = relayed(answerTo(QUERY, { answers: [a(NAME, '127.0.0.1')] }), asked)
  assert.deepEqual([none?.answer.rcode, none?.answer.answers, none?.filtered], [0, 0, 1])
})

test('isForbidden() knows what leads inside, in either family', () => {
  const inside = [{ first: 0x0ad00000, prefix: 12 }]
  const judged = (hex: string): boolean => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    return isForbidden(bytes.length === 4 ? TYPE.A : TYPE.AAAA, bytes, inside)
  }
  const zeros = '0000 0000 0000 0000 0000'
  const forbidden = ['00000001', '7f000001', 'a9fea9fe', '0ad00102', 'ffffffff']
  const mapped = [`${zeros} ffff 0ad00102`, `${zeros} 0000 7f000001`, `${zeros} 0000 00000001`]
  const local = ['fe80 0000 0000 0000 0000 0000 0000 0001', `${zeros} 0000 00000000`]
  for (const hex of [...forbidden, ...mapped, ...local]) assert.equal(judged(hex), true, hex)
  const free = ['c0000201', '0a000001', 'c0a80001', `${zeros} ffff c0000201`]
  const far = ['2001 0db8 0000 0000 0000 0000 0000 0001', 'fec0 0000 0000 0000 0000 0000 0000 0001']
  for (const hex of [...free, ...far]) assert.equal(judged(hex), false, hex)
})

test('relayed() makes no message of one that is damaged, or a sound one', () => {
  const good = answerTo(QUERY, {
    answers: [alias(NAME, 'b.example'), a('b.example', '192.0.2.1')],
    authorities: [{ name: 'example', type: TYPE.SOA, data: soaData(60) }],
  })
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), fc.nat(good.length), (changes, cut) => {
      const message = Buffer.from(good)
      for (const [at, byte] of changes) message[at] = byte
      const asked = { key: nameKey(NAME) ?? '', type: TYPE.A, secure: true }
      const found = relayed(message.subarray(0, cut > 40 ? undefined : cut), {
        ...asked,
        isForbidden: () => false,
      })
      if (found !== null) toldOf(found)
    }),
    { numRuns: 3000 },
  )
})
