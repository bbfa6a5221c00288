import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askedName, parseQuery } from '../../../proxy/core/dns-query.ts'
import { RCODE } from '../../../proxy/core/dns-wire.ts'

const HEADER = '1234 0100 0001 0000 0000 0000'
const QUESTION = '0161 00 0001 0001'
const OPT = '00 0029 1000 00 00 8000 0000'

/** What becomes of a packet given in hexadecimal: `drop`, a response code, or the name asked for. */
function outcome(hex: string): string | number {
  const packet = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const parsed = parseQuery(packet)
  if (parsed.kind === 'refusal') return parsed.rcode
  if (parsed.kind === 'transfer') return 'transfer'
  return parsed.kind === 'query' ? `${askedName(packet, parsed)} ${parsed.type}` : 'drop'
}

test('parseQuery() takes a plain question apart', () => {
  assert.equal(outcome(`${HEADER} ${QUESTION}`), '\x01a\0 1')
  assert.equal(outcome(`${HEADER} 0141 00 001c 0001`), '\x01a\0 28')
  const parsed = parseQuery(Buffer.from(`${HEADER}${QUESTION}`.replaceAll(' ', ''), 'hex'))
  assert.ok(parsed.kind === 'query')
  assert.deepEqual([parsed.questionEnd, parsed.edns], [19, null])
})

test('parseQuery() drops what is too short, and answers that come instead of questions', () => {
  assert.equal(outcome(''), 'drop')
  assert.equal(outcome('1234 0100 0001 0000 0000 00'), 'drop')
  assert.equal(outcome(`1234 8100 0001 0000 0000 0000 ${QUESTION}`), 'drop')
})

test('parseQuery() knows no operation but the question', () => {
  for (const flags of ['0800', '1000', '2000', '2800', '7800']) {
    assert.equal(outcome(`1234 ${flags} 0001 0000 0000 0000 ${QUESTION}`), RCODE.NOTIMP)
  }
})

test('parseQuery() wants exactly one question and no records with it', () => {
  assert.equal(outcome('1234 0100 0000 0000 0000 0000'), RCODE.FORMERR)
  assert.equal(outcome(`1234 0100 0002 0000 0000 0000 ${QUESTION} ${QUESTION}`), RCODE.FORMERR)
  const record = '00 0001 0001 00000000 0000'
  assert.equal(outcome(`1234 0100 0001 0001 0000 0000 ${QUESTION} ${record}`), RCODE.FORMERR)
  assert.equal(outcome(`1234 0100 0001 0000 0001 0000 ${QUESTION} ${record}`), RCODE.FORMERR)
})

test('parseQuery() refuses malformed names and ends', () => {
  const long = `3f${'61'.repeat(63)}`
  const questions = {
    'a pointer': 'c00c 0001 0001',
    'a pointer behind a label': '0161 c00c 0001 0001',
    'a reserved label': '41 0001 0001',
    'a label past the end': '3f61',
    'no end of the name': '0161',
    'no type': '0161 00',
    'half a class': '0161 00 0001 00',
    '256 bytes': `${long.repeat(3)} 3f${'61'.repeat(63)} 00 0001 0001`,
    'bytes behind it': `${QUESTION} 00`,
  }
  for (const [what, hex] of Object.entries(questions)) {
    assert.equal(outcome(`${HEADER} ${hex}`), RCODE.FORMERR, what)
  }
  const longest = `${long.repeat(3)} 3d${'61'.repeat(61)} 00 0001 0001`
  assert.match(String(outcome(`${HEADER} ${longest}`)), / 1$/)
})

test('parseQuery() refuses other classes, transfers, signatures and other meta types', () => {
  for (const end of ['0001 0003', '0010 0003', '0001 0004', '0001 00ff', '0001 0000']) {
    assert.equal(outcome(`${HEADER} 0161 00 ${end}`), RCODE.REFUSED, end)
  }
  for (const type of ['00f9', '00fd', '00fe', '0080']) {
    assert.equal(outcome(`${HEADER} 0161 00 ${type} 0001`), RCODE.REFUSED, type)
  }
  for (const type of ['0029', '00fa']) {
    assert.equal(outcome(`${HEADER} 0161 00 ${type} 0001`), RCODE.FORMERR, type)
  }
  assert.equal(outcome(`${HEADER} 0161 00 0000 0001`), RCODE.FORMERR)
  assert.equal(outcome(`${HEADER} 0161 00 00ff 0001`), '\x01a\0 255')
  // An IXFR brings a SOA in its authority section (RFC 1995 §3).
  const soa = '00 0006 0001 00000000 0000'
  assert.equal(outcome(`1234 0000 0001 0000 0001 0000 0161 00 00fb 0001 ${soa}`), 'transfer')
  assert.equal(outcome(`${HEADER} 0161 00 00fc 0001`), 'transfer')
  assert.equal(outcome(`${HEADER} 0161 00 00fc 0003`), RCODE.REFUSED)
  assert.equal(outcome(`1234 0000 0001 0000 0001 0000 0161 00 00fc 0001 ${soa}`), RCODE.FORMERR)
  assert.equal(outcome('1234 0000 0001 0000 0001 0000 0161 00 00fb 0001'), RCODE.FORMERR)
  const refused = `1234 0000 0001 0000 0001 0001 0161 00 00fb 0001 ${soa} ${OPT}`
  const parsed = parseQuery(Buffer.from(refused.replaceAll(' ', ''), 'hex'))
  assert.ok(parsed.kind === 'transfer')
  assert.deepEqual(parsed.edns, { payloadBytes: 4096, secure: true })
})

test('parseQuery() reads one OPT record, at the root, of version 0', () => {
  const one = '1234 0100 0001 0000 0000 0001'
  const two = '1234 0100 0001 0000 0000 0002'
  const parsed = parseQuery(Buffer.from(`${one}${QUESTION}${OPT}`.replaceAll(' ', ''), 'hex'))
  assert.ok(parsed.kind === 'query')
  assert.deepEqual(parsed.edns, { payloadBytes: 4096, secure: true })

  const refused = {
    'two of them': `${two} ${QUESTION} ${OPT} ${OPT}`,
    'not at the root': `${one} ${QUESTION} 0161 ${OPT}`,
    'one announced and none there': `${one} ${QUESTION}`,
    'one there and none announced': `${HEADER} ${QUESTION} ${OPT}`,
    'data past the end': `${one} ${QUESTION} 00 0029 1000 00000000 0004`,
    'half an option': `${one} ${QUESTION} 00 0029 1000 00000000 0003 0003 00`,
    'an option past the data': `${one} ${QUESTION} 00 0029 1000 00000000 0004 0003 0001`,
    'too many records': `1234 0100 0001 0000 0000 ffff ${QUESTION} ${OPT}`,
  }
  for (const [what, hex] of Object.entries(refused)) assert.equal(outcome(hex), RCODE.FORMERR, what)
  const newer = `${one} ${QUESTION} 00 0029 1000 00 01 0000 0000`
  assert.equal(outcome(newer), RCODE.BADVERS)
  const unknownOption = `${one} ${QUESTION} 00 0029 1000 00 00 7fff 0008 fde9 0004 01020304`
  assert.equal(outcome(unknownOption), '\x01a\0 1')
})
