import { HOST, get, lines } from '../../ingress/kit.ts'
import { chunked, late, pass, post, refusal } from '../case.ts'
import type { RequestCase } from '../case.ts'

const HELLO = '5\r\nhello\r\n0\r\n\r\n'
const ask = (line: string, fields: readonly string[], content = ''): string =>
  lines(`${line} HTTP/1.1`, `Host: ${HOST}`, ...fields, '') + content

/** Content keeps its framing, whatever the method makes of it (RFC 9110 §9.3.1). */
const methods: readonly RequestCase[] = [
  'GET',
  'DELETE',
  'OPTIONS',
  'PUT',
  'PATCH',
  'TRACE',
  'X',
].flatMap((method) => {
  const seen = { asked: `${method} /`, content: 'hello' }
  return [
    pass(`2a-14 ${method} with a length`, ask(`${method} /`, ['Content-Length: 5'], 'hello'), seen),
    pass(
      `2a-14 ${method} in chunks`,
      ask(`${method} /`, ['Transfer-Encoding: chunked'], HELLO),
      seen,
    ),
    pass(
      `2a-14 ${method} whose content is a request`,
      ask(`${method} /`, [`Content-Length: ${get('/inner').length}`], get('/inner')),
      { asked: `${method} /`, content: get('/inner') },
    ),
  ]
})

const head: readonly RequestCase[] = [
  { name: 'without content', fields: [], sent: '', content: '' },
  { name: 'with a length', fields: ['Content-Length: 5'], sent: 'hello', content: 'hello' },
  { name: 'in chunks', fields: ['Transfer-Encoding: chunked'], sent: HELLO, content: 'hello' },
].map(({ name, fields, sent, content }) => ({
  name: `2a-14 HEAD ${name}`,
  sent: ask('HEAD /', fields, sent),
  answers: [{ status: 200, toHead: true, content: '' }],
  connection: 'kept',
  saw: [{ asked: 'HEAD /', content }],
}))

const lengths: readonly RequestCase[] = [
  pass('2a-14 GET with a length of 0', ask('GET /', ['Content-Length: 0']), { asked: 'GET /' }),
  pass('2a-14 content of every byte', post(['Content-Length: 256'], everyByte()), {
    asked: 'POST /',
    content: everyByte(),
  }),
  pass('2a-14 content of every byte in chunks', chunked(`100\r\n${everyByte()}\r\n0\r\n\r\n`), {
    asked: 'POST /',
    content: everyByte(),
  }),
]

function everyByte(): string {
  return Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
}

/** The member says 100 as soon as it sees the expectation. */
const continued: readonly RequestCase[] = [
  ['Expect: 100-continue', 'Content-Length: 5'],
  ['Expect: 100-Continue', 'Content-Length: 5'],
  ['EXPECT:100-CONTINUE', 'Content-Length: 5'],
  ['Expect: 100-continue', 'Transfer-Encoding: chunked'],
].map((fields) => ({
  name: `2a-15 ${fields.join(' + ')} is told to continue once`,
  sent: post(fields, fields[1] === 'Content-Length: 5' ? 'hello' : HELLO),
  answers: [100, 200],
  connection: 'kept',
  saw: [{ asked: 'POST /', content: 'hello', lines: [fields[0] ?? ''] }],
}))

const expectations: readonly RequestCase[] = [
  '200-ok',
  '100',
  '100-continu',
  '100-continue, 100-continue',
  '100-continue,x',
  'x 100-continue',
  '100-continue x',
  '100-continue;q=1',
  '"100-continue"',
  '100-continue\xa0',
  '',
].map((value) =>
  refusal(
    `2a-15 Expect: ${JSON.stringify(value)}`,
    post([`Expect: ${value}`, 'Content-Length: 5'], 'hello'),
    417,
  ),
)

const moreExpectations: readonly RequestCase[] = [
  refusal(
    '2a-15 two Expects',
    post(['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    417,
  ),
  refusal('2a-15 an Expect without content that is not offered', ask('GET /', ['Expect: x']), 417),
  pass('2a-15 nobody is told to continue without content', ask('GET /', ['Expect: 100-continue']), {
    asked: 'GET /',
  }),
  {
    name: '2a-15 HTTP/1.0 expects nothing',
    sent:
      lines('POST / HTTP/1.0', `Host: ${HOST}`, 'Expect: 100-continue', 'Content-Length: 5', '') +
      'hello',
    answers: [200],
    connection: 'closed',
    saw: [{ asked: 'POST /', content: 'hello', lines: [] }],
  },
  {
    name: '2a-15 nor anything else',
    sent: lines('POST / HTTP/1.0', `Host: ${HOST}`, 'Expect: x', 'Content-Length: 5', '') + 'hello',
    answers: [200],
    connection: 'closed',
    saw: [{ asked: 'POST /', content: 'hello', lines: [] }],
  },
  {
    name: '2a-15 content after the expectation is content, not a request',
    sent: post(['Expect: 100-continue', `Content-Length: ${get('/inner').length}`], get('/inner')),
    answers: [100, 200],
    connection: 'kept',
    saw: [{ asked: 'POST /', content: get('/inner') }],
  },
]

const elsewhere = (fields: readonly string[], content: string): string =>
  lines('POST / HTTP/1.1', 'Host: other.demo.cloud.local', ...fields, '') + content

const early: readonly RequestCase[] = [
  {
    name: '2a-16 an answer before the content has come closes',
    sent: elsewhere(['Content-Length: 5'], ''),
    answers: [404],
    connection: 'closed',
    saw: [],
  },
  {
    name: '2a-16 content that comes after that answer is no request',
    sent: elsewhere(['Content-Length: 9999'], get('/inner')),
    answers: [404],
    connection: 'closed',
    saw: [],
  },
  {
    name: '2a-16 chunks that come after that answer are no request',
    sent: elsewhere(['Transfer-Encoding: chunked'], `fff\r\n${get('/inner')}`),
    answers: [404],
    connection: 'closed',
    saw: [],
  },
]

const ones = Array.from({ length: 20 }, (_, i) => `/${i}`)

const badSeconds: readonly RequestCase[] = [
  { name: 'no request', second: 'hello\r\n\r\n', status: 400 },
  { name: 'a bare LF', second: 'GET /2 HTTP/1.1\n', status: 400 },
  { name: 'no Host', second: lines('GET /2 HTTP/1.1', ''), status: 400 },
  { name: 'another version', second: lines('GET /2 HTTP/1.3', ''), status: 505 },
  { name: 'CONNECT', second: lines('CONNECT a:1 HTTP/1.1', 'Host: a', ''), status: 405 },
  {
    name: 'two framings',
    second: post(['Content-Length: 5', 'Transfer-Encoding: chunked'], HELLO),
    status: 400,
  },
  { name: 'a target beyond the bound', second: get(`/${'a'.repeat(9000)}`), status: 414 },
].map(({ name, second, status }) => ({
  name: `2a-17 ${name} as the second request leaves the first answer whole`,
  sent: get('/1') + second + get('/3'),
  answers: [{ status: 200, content: 'GET /1' }, status],
  connection: 'closed',
  saw: [{ asked: 'GET /1' }],
}))

const pipelines: readonly RequestCase[] = [
  pass(
    '2a-17 twenty requests in one go are asked one by one',
    ones.map((path) => get(path)).join(''),
    ...ones.map((path) => ({ asked: `GET ${path}` })),
  ),
  pass(
    '2a-17 contents of all kinds in one go',
    post(['Content-Length: 5'], 'hello') +
      chunked(HELLO) +
      get('/') +
      chunked('0\r\n\r\n') +
      post([]),
    { asked: 'POST /', content: 'hello' },
    { asked: 'POST /', content: 'hello' },
    { asked: 'GET /' },
    { asked: 'POST /' },
    { asked: 'POST /' },
  ),
  {
    name: '2a-17 HEAD and GET in one go',
    sent: ask('HEAD /1', []) + get('/2') + ask('HEAD /3', []),
    answers: [{ status: 200, toHead: true }, 200, { status: 200, toHead: true }],
    connection: 'kept',
    saw: [{ asked: 'HEAD /1' }, { asked: 'GET /2' }, { asked: 'HEAD /3' }],
  },
  {
    name: '2a-17 nothing after a close is read',
    sent: get('/1') + get('/2', 'Connection: close') + get('/3'),
    answers: [200, 200],
    connection: 'closed',
    saw: [{ asked: 'GET /1' }, { asked: 'GET /2' }],
  },
  {
    name: '2a-17 nothing after HTTP/1.0 is read',
    sent: lines('GET /1 HTTP/1.0', `Host: ${HOST}`, '') + get('/2'),
    answers: [200],
    connection: 'closed',
    saw: [{ asked: 'GET /1' }],
  },
  {
    name: '2a-17 HTTP/1.0 goes on if it wants to',
    sent: lines('GET /1 HTTP/1.0', `Host: ${HOST}`, 'Connection: keep-alive', '') + get('/2'),
    answers: [200, 200],
    connection: 'kept',
    saw: [{ asked: 'GET /1' }, { asked: 'GET /2' }],
  },
  ...badSeconds,
  {
    name: '2a-17 bad chunks in the second request leave the first answer whole',
    sent: get('/1') + chunked('5\r\nhello!\r\n0\r\n\r\n') + get('/3'),
    answers: [{ status: 200, content: 'GET /1' }, 400],
    connection: 'closed',
    saw: [{ asked: 'GET /1' }],
  },
  {
    ...pass(
      '2a-17 requests before the end of a half are answered',
      get('/1') + get('/2'),
      {
        asked: 'GET /1',
      },
      { asked: 'GET /2' },
    ),
    ends: true,
    connection: 'closed',
  },
]

const LINE = 8 * 1024
const HEAD = 16 * 1024
const FIXED = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nA: \r\n\r\n`.length
const manyFields = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `A${i}: b`)

const limits: readonly RequestCase[] = [
  pass('2a-18 a request line up to its target of 8 KiB', get(`/${'a'.repeat(LINE - 6)}`), {
    asked: `GET /${'a'.repeat(LINE - 6)}`,
  }),
  refusal('2a-18 a byte more of it', get(`/${'a'.repeat(LINE - 5)}`), 414),
  refusal('2a-18 a target of 100,000 bytes', get(`/${'a'.repeat(100_000)}`), 414),
  pass('2a-18 a head of 16 KiB', get('/', `A: ${'a'.repeat(HEAD - FIXED)}`), { asked: 'GET /' }),
  refusal('2a-18 a byte more than that head', get('/', `A: ${'a'.repeat(HEAD - FIXED + 1)}`), 431),
  refusal('2a-18 a field of 100,000 bytes', get('/', `A: ${'a'.repeat(100_000)}`), 431),
  refusal('2a-18 a name of 20,000 bytes', get('/', `${'a'.repeat(20_000)}: b`), 431),
  refusal('2a-18 a head without an end', `GET / HTTP/1.1\r\nA: ${'a'.repeat(17_000)}`, 431),
  pass('2a-18 a hundred fields', get('/', ...manyFields(99)), {
    asked: 'GET /',
    lines: manyFields(99),
  }),
  refusal('2a-18 one more', get('/', ...manyFields(100)), 431),
  refusal('2a-18 a thousand fields', get('/', ...manyFields(1000)), 431),
  refusal('2a-18 content beyond all bounds', post([`Content-Length: ${2 ** 41}`]), 413),
  { ...late('2a-18 a chunk beyond all bounds', chunked('fffffffffffff\r\nhello')), ends: true },
]

export const CONTENT: readonly RequestCase[] = [
  ...methods,
  ...head,
  ...lengths,
  ...continued,
  ...expectations,
  ...moreExpectations,
  ...early,
  ...pipelines,
  ...limits,
]
