import { HOST, get, lines } from '../../ingress/kit.ts'
import { chunked, late, pass, post, refusal } from '../case.ts'
import type { RequestCase } from '../case.ts'

/** What follows a head that two programs could read in two ways. */
const SMUGGLED = `0\r\n\r\n${get('/smuggled')}`
const HELLO = '5\r\nhello\r\n0\r\n\r\n'
const POSTED = { asked: 'POST /', content: 'hello' } as const

const both: readonly RequestCase[] = [
  ['Content-Length: 6', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 6'],
  ['Content-Length: 0', 'Transfer-Encoding: chunked'],
  ['Content-Length: 5', 'A: b', 'Transfer-Encoding: chunked'],
  ['content-length: 5', 'TRANSFER-ENCODING: CHUNKED'],
  ['Content-Length: 5', 'Transfer-Encoding: gzip, chunked'],
  ['Content-Length: 5', 'Transfer-Encoding: xchunked'],
  ['Content-Length: 5', 'Transfer-Encoding: identity'],
  ['Content-Length: 5', 'Transfer-Encoding:'],
  ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Connection: Transfer-Encoding'],
  ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Connection: Content-Length'],
].map((fields) => refusal(`2a-01 ${fields.join(' + ')}`, post(fields, SMUGGLED)))

const bothBesides: readonly RequestCase[] = [
  refusal(
    '2a-01 both in HTTP/1.0',
    lines(
      'POST / HTTP/1.0',
      `Host: ${HOST}`,
      'Connection: keep-alive',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      '',
    ) + HELLO,
  ),
  {
    name: '2a-01 both in the second of two requests',
    sent: get('/first') + post(['Content-Length: 5', 'Transfer-Encoding: chunked'], HELLO),
    answers: [200, 400],
    connection: 'closed',
    saw: [{ asked: 'GET /first' }],
  },
]

const codings: readonly RequestCase[] = [
  'xchunked',
  'chunkedx',
  'chunke',
  'identity',
  'identity, chunked',
  'chunked, identity',
  ',chunked',
  'chunked,',
  ', chunked',
  'chunked, chunked',
  'chunked chunked',
  '"chunked"',
  "'chunked'",
  'chunked;q=1',
  'chunked;',
  'chunked;a="b"',
  '\vchunked',
  '\fchunked',
  'chunked\v',
  'chunked\f',
  'chunked\0',
  '\0chunked',
  'chunked\x1f',
  'chunked\x7f',
  '\x85chunked',
  'chunked\x85',
  '\xa0chunked',
  'chunked\xa0',
  '\xef\xbb\xbfchunked',
  'ch\xc3\xbcnked',
  'chun ked',
  'chun\tked',
  '',
  ' ',
  'chunked, gzip',
  'cow',
  'cow, chunked',
  '\\chunked',
  'chunked\\r\\n',
].map((coding) =>
  refusal(
    `2a-02 Transfer-Encoding: ${JSON.stringify(coding)}`,
    post([`Transfer-Encoding: ${coding}`], SMUGGLED),
  ),
)

const unknownCodings: readonly RequestCase[] = [
  'gzip',
  'gzip, chunked',
  'deflate, chunked',
  'compress, chunked',
  'x-gzip, chunked',
  'GZIP ,\tChunked',
].map((coding) =>
  refusal(
    `2a-02 Transfer-Encoding: ${JSON.stringify(coding)} is not offered`,
    post([`Transfer-Encoding: ${coding}`], SMUGGLED),
    501,
  ),
)

const codingFields: readonly RequestCase[] = [
  ['Transfer-Encoding : chunked'],
  ['Transfer-Encoding\t: chunked'],
  [' Transfer-Encoding: chunked'],
  ['\tTransfer-Encoding: chunked'],
  ['Transfer-Encoding:', ' chunked'],
  ['Transfer-Encoding:', '\tchunked'],
  ['Transfer-Encoding: chunked', ' '],
  ['Transfer-Encoding: identity,', ' chunked'],
  ['Transfer_Encoding: chunked'],
  ['Transfer\0-Encoding: chunked'],
  ['Transfer-Encoding\0: chunked'],
  ['Transfer-Encoding\xa0: chunked'],
  ['Transfer-Encoding chunked'],
  ['Transfer Encoding: chunked'],
  ['A: b\rTransfer-Encoding: chunked'],
  ['A: b\nTransfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  ['Transfer-Encoding: chunked', 'transfer-encoding: x'],
  ['Transfer-Encoding:', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'],
].map((fields) =>
  refusal(
    `2a-02 ${fields.map((field) => JSON.stringify(field)).join(' + ')}`,
    post(fields, SMUGGLED),
  ),
)

const chunkedAfterAll: readonly RequestCase[] = [
  'Transfer-Encoding: chunked',
  'TRANSFER-ENCODING: CHUNKED',
  'tRaNsFeR-eNcOdInG: cHuNkEd',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding:\t \tchunked',
  'Transfer-Encoding: chunked \t',
].map((field) => pass(`2a-02 ${JSON.stringify(field)} is chunked`, post([field], HELLO), POSTED))

const likeCodings: readonly RequestCase[] = [
  'X-Transfer-Encoding: chunked',
  'Content-Encoding: chunked',
  'Transfer-Encoding-: chunked',
  'ransfer-Encoding: chunked',
].map((field) => ({
  name: `2a-02 ${field} frames nothing, and what follows is no request`,
  sent: post([field], HELLO),
  answers: [200, 400],
  connection: 'closed',
  saw: [{ asked: 'POST /', lines: [field] }],
}))

const old: readonly RequestCase[] = [
  ['Transfer-Encoding: chunked'],
  ['Transfer-Encoding: identity'],
  ['Connection: keep-alive', 'Transfer-Encoding: chunked'],
  ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'],
].map((fields) =>
  refusal(
    `2a-03 ${fields.join(' + ')} in HTTP/1.0`,
    lines('POST / HTTP/1.0', `Host: ${HOST}`, ...fields, '') + HELLO,
  ),
)

const lengths: readonly RequestCase[] = [
  '+5',
  '-5',
  '-0',
  '0x5',
  '5_0',
  '1 0',
  '1\t0',
  '5, 5',
  '5,5',
  '5,',
  ',5',
  '5;5',
  '5;',
  '"5"',
  '05',
  '00',
  '000000000000005',
  '5.0',
  '5.',
  '5e0',
  '0b1',
  'five',
  'Infinity',
  'NaN',
  '\xb2',
  '\xd9\xa5',
  '\xa05',
  '5\xa0',
  '\x855',
  '5\0',
  '\v5',
  '5\f',
  '',
  ' ',
  '1000000000000000',
  '4294967301x',
  '18446744073709551615',
  '18446744073709551616',
  '18446744073709551621',
  '99999999999999999999999999999999999999',
  '-18446744073709551611',
].map((length) =>
  refusal(
    `2a-04 Content-Length: ${JSON.stringify(length)}`,
    post([`Content-Length: ${length}`], `hello${get('/smuggled')}`),
  ),
)

const lengthFields: readonly RequestCase[] = [
  ['Content-Length: 5', 'Content-Length: 5'],
  ['Content-Length: 5', 'Content-Length: 50'],
  ['Content-Length: 0', 'Content-Length: 5'],
  ['Content-Length: 5', 'content-length: 5', 'CONTENT-LENGTH: 5'],
  ['Content-Length:', 'Content-Length: 5'],
  ['Content-Length : 5'],
  ['Content-Length\t: 5'],
  [' Content-Length: 5'],
  ['Content-Length:', ' 5'],
  ['Content-Length: 5', ' 0'],
  ['Content_Length: 5'],
  ['Content-Length 5'],
  ['Content\0-Length: 5'],
].map((fields) =>
  refusal(
    `2a-04 ${fields.map((field) => JSON.stringify(field)).join(' + ')}`,
    post(fields, `hello${get('/smuggled')}`),
  ),
)

const lengthsAfterAll: readonly RequestCase[] = [
  pass('2a-04 Content-Length: 5', post(['Content-Length: 5'], 'hello'), POSTED),
  pass('2a-04 Content-Length without a blank', post(['Content-Length:5'], 'hello'), POSTED),
  pass('2a-04 Content-Length among blanks', post(['CONTENT-LENGTH:\t 5 \t'], 'hello'), POSTED),
  pass('2a-04 Content-Length: 0', post(['Content-Length: 0']), { asked: 'POST /' }),
  pass('2a-04 no length is no content', post([]), { asked: 'POST /' }),
  refusal('2a-04 a length beyond all bounds', post(['Content-Length: 999999999999999']), 413),
  {
    name: '2a-04 what is beyond the length is the next request',
    sent: post(['Content-Length: 5'], `hello${get('/next')}`),
    answers: [200, 200],
    connection: 'kept',
    saw: [POSTED, { asked: 'GET /next' }],
  },
  {
    name: '2a-04 what is beyond the length has to be a request',
    sent: post(['Content-Length: 3'], 'hel\0\r\n'),
    answers: [200, 400],
    connection: 'closed',
    saw: [{ asked: 'POST /', content: 'hel' }],
  },
  { ...late('6.3 content that ends too early', post(['Content-Length: 9'], 'hello')), ends: true },
  { ...late('7.1 chunks that end too early', chunked('5\r\nhello\r\n')), ends: true },
  { ...late('7.1 a chunk that ends too early', chunked('9\r\nhello')), ends: true },
  { ...late('7.1 a last chunk without its end', chunked('5\r\nhello\r\n0\r\n')), ends: true },
]

export const FRAMING: readonly RequestCase[] = [
  ...both,
  ...bothBesides,
  ...codings,
  ...unknownCodings,
  ...codingFields,
  ...chunkedAfterAll,
  ...likeCodings,
  ...old,
  ...lengths,
  ...lengthFields,
  ...lengthsAfterAll,
]
