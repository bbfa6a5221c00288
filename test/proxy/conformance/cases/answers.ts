import { HOST, lines } from '../../ingress/kit.ts'
import { answered, invalid } from '../case.ts'
import type { Answer, ResponseCase } from '../case.ts'

const ok = (...fields: readonly string[]): string => lines('HTTP/1.1 200 OK', ...fields, '')
const HELLO = ok('Content-Length: 5') + 'hello'
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n'
const head = (): string => lines('HEAD / HTTP/1.1', `Host: ${HOST}`, '')

const badLines: readonly ResponseCase[] = [
  'HTTP/1.1',
  'HTTP/1.1 ',
  'HTTP/1.1 2',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.1 OK 200',
  'HTTP/1.1 +20 OK',
  'HTTP/1.1 -20 OK',
  'HTTP/1.1 2OO OK',
  'HTTP/1.1 0x0 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 000 OK',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 O\x7fK',
  'HTTP/1.1 200 O\rK',
  'HTTP/1.1 200 O\nK',
  'HTTP/1.1 200\0OK',
  'HTTP/1.2 200 OK',
  'HTTP/1.10 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/2 200 OK',
  'HTTP/2.0 200 OK',
  'http/1.1 200 OK',
  'HTTPS/1.1 200 OK',
  'ICY 200 OK',
  '200 OK',
  ' HTTP/1.1 200 OK',
  '\r\nHTTP/1.1 200 OK',
  '\nHTTP/1.1 200 OK',
  '\0HTTP/1.1 200 OK',
  'GET / HTTP/1.1',
  'SSH-2.0-OpenSSH_9.2',
  '<!doctype html>',
  '\x15\x03\x03\x00\x02\x02\x46',
].map((line) =>
  invalid(`2b-03 the line ${JSON.stringify(line)}`, lines(line, 'Content-Length: 5', '') + 'hello'),
)

const badFraming: readonly ResponseCase[] = [
  ['Content-Length: 5', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['Content-Length: 5', 'Content-Length: 5'],
  ['Content-Length: 5', 'Content-Length: 6'],
  ['Content-Length: 5, 5'],
  ['Content-Length: -5'],
  ['Content-Length: +5'],
  ['Content-Length: 0x5'],
  ['Content-Length: 05'],
  ['Content-Length: 5 5'],
  ['Content-Length: five'],
  ['Content-Length:'],
  ['Content-Length: 18446744073709551621'],
  ['Content-Length : 5'],
  ['Transfer-Encoding: gzip'],
  ['Transfer-Encoding: gzip, chunked'],
  ['Transfer-Encoding: identity'],
  ['Transfer-Encoding: xchunked'],
  ['Transfer-Encoding: chunked, chunked'],
  ['Transfer-Encoding: chunked;q=1'],
  ['Transfer-Encoding: "chunked"'],
  ['Transfer-Encoding: chunked\xa0'],
  ['Transfer-Encoding:'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding : chunked'],
  ['Transfer-Encoding:', ' chunked'],
].map((fields) =>
  invalid(
    `2b-03 ${fields.map((field) => JSON.stringify(field)).join(' + ')}`,
    ok(...fields) + CHUNKS,
  ),
)

const badFields: readonly ResponseCase[] = [
  ['A: b\0'],
  ['A: \x01b'],
  ['A: b\x7f'],
  ['A: b\vc'],
  ['A: b\rSet-Cookie: c=d'],
  ['A: b\nSet-Cookie: c=d'],
  ['A: b', ' c'],
  ['A: b', '\tc'],
  [' A: b'],
  ['A : b'],
  [': b'],
  ['A'],
  ['A b: c'],
  ['A(: b'],
  ['A\0: b'],
  ['\xe4: b'],
].map((fields) =>
  invalid(
    `2b-03 ${fields.map((field) => JSON.stringify(field)).join(' + ')} in a field`,
    ok(...fields, 'Content-Length: 5') + 'hello',
  ),
)

const badHeads: readonly ResponseCase[] = [
  invalid('2b-03 a bare LF everywhere', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'),
  invalid('2b-03 a bare LF as the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello'),
  invalid(
    '2b-03 CR CR LF as the empty line',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\r\nhello',
  ),
  invalid(
    '2b-03 a coding in HTTP/1.0',
    lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked', '') + CHUNKS,
  ),
  invalid(
    '2b-03 a hundred and one fields',
    ok(...Array.from({ length: 101 }, (_, i) => `A${i}: b`)),
  ),
  invalid('2b-03 a head of more than 64 KiB', ok(`A: ${'a'.repeat(66_000)}`)),
  invalid('2b-03 a reason of more than 64 KiB', lines(`HTTP/1.1 200 ${'a'.repeat(66_000)}`, '')),
  invalid('2b-03 more names in Connection than fields', ok(`Connection: ${'A,'.repeat(100)}A`)),
  { ...invalid('2b-03 half a head, and the end', 'HTTP/1.1 200 OK\r\nContent-'), after: 'ends' },
  { ...invalid('2b-03 a head without its end, and the end', 'HTTP/1.1 200 OK\r\n'), after: 'ends' },
  { ...invalid('2b-03 nothing, and the end', ''), after: 'ends' },
  { ...invalid('2b-03 nothing, and a reset', ''), after: 'resets' },
  { ...invalid('2b-03 half a head, and a reset', 'HTTP/1.1 2'), after: 'resets' },
]

const through: readonly ResponseCase[] = [
  ['HTTP/1.1 200 OK', 200],
  ['HTTP/1.1 200 ', 200],
  ['HTTP/1.1 200', 200],
  ['HTTP/1.1 200 Tr\xe8s \tbien', 200],
  ['HTTP/1.1 200 200 200', 200],
  ['HTTP/1.1 201 Created', 201],
  ['HTTP/1.1 206 Partial Content', 206],
  ['HTTP/1.1 301 Moved Permanently', 301],
  ['HTTP/1.1 404 Not Found', 404],
  ['HTTP/1.1 426 Upgrade Required', 426],
  ['HTTP/1.1 500 Internal Server Error', 500],
  ['HTTP/1.1 599 x', 599],
  ['HTTP/1.1 999 x', 999],
].map(([line, status]) =>
  answered(
    `4 the line ${JSON.stringify(line)} passes`,
    lines(String(line), 'Content-Length: 5', '') + 'hello',
    {
      status: Number(status),
      content: 'hello',
      lines: [],
    },
  ),
)

/** These fields of the member come in, and those go on to the client. */
function fieldsPass(
  name: string,
  fields: readonly string[],
  kept: readonly string[],
): ResponseCase {
  const said = ok(...fields, 'Content-Length: 5') + 'hello'
  return answered(name, said, { content: 'hello', lines: kept })
}

const fields: readonly ResponseCase[] = [
  ['Set-Cookie: a=b', 'Set-Cookie: c=d; Path=/'],
  ['a:b'],
  ['A:  b \t'],
  ['A:'],
  ['A_B: c'],
  ['A: \x80\xff'],
  ['Via: 1.1 other'],
  ['Server: x', 'X-Powered-By: y'],
  ['Location: http://other/#a'],
  ['Content-Encoding: gzip'],
  ['X-Forwarded-For: 192.0.2.1'],
  [`A: ${'a'.repeat(20_000)}`],
].map((own) => fieldsPass(`2b-03 ${own.join(' + ').slice(0, 60)} passes`, own, own))

const hopFields: readonly ResponseCase[] = [
  'Keep-Alive: timeout=60, max=9',
  'Proxy-Connection: keep-alive',
  'Proxy-Authenticate: Basic',
  'Trailer: Expires',
  'TE: trailers',
  'Upgrade: h2c',
  'Connection: keep-alive',
  'Connection:',
  'X-Cloudlet-Error: bad-request',
].map((field) =>
  fieldsPass(
    `2b-01 ${field} of an answer is for one hop`,
    ['A: b', field, 'C: d'],
    ['A: b', 'C: d'],
  ),
)

const named: readonly ResponseCase[] = [
  fieldsPass(
    '2b-01 Connection of an answer takes what it names along',
    ['Connection: X-Secret, keep-alive', 'x-secret: 1', 'A: b'],
    ['A: b'],
  ),
  fieldsPass(
    '2b-01 Connection of an answer does not take its length along',
    ['Connection: Content-Length'],
    [],
  ),
  answered(
    '2b-01 nor its coding',
    ok('Connection: Transfer-Encoding', 'Transfer-Encoding: chunked') + CHUNKS,
    {
      content: 'hello',
      lines: [],
    },
  ),
]

const lengths: readonly ResponseCase[] = [
  answered('6.3 content of a length', HELLO, { content: 'hello' }),
  answered('6.3 no content', ok('Content-Length: 0'), { content: '' }),
  answered('6.3 a length among blanks', ok('CONTENT-LENGTH:\t5 ') + 'hello', { content: 'hello' }),
  answered('6.3 content of 100,000 bytes', ok('Content-Length: 100000') + 'x'.repeat(100_000), {
    content: 'x'.repeat(100_000),
  }),
  answered('6.3 the coding in capitals', ok('Transfer-Encoding: CHUNKED') + CHUNKS, {
    content: 'hello',
  }),
]

interface Bodyless {
  readonly name: string
  readonly line: string
  readonly fields: readonly string[]
  readonly status: number
  readonly asked?: string
}

const bodylessCases: readonly Bodyless[] = [
  { name: '204', line: 'HTTP/1.1 204 No Content', fields: [], status: 204 },
  { name: '204 with a length', line: 'HTTP/1.1 204 x', fields: ['Content-Length: 5'], status: 204 },
  {
    name: '204 in chunks',
    line: 'HTTP/1.1 204 x',
    fields: ['Transfer-Encoding: chunked'],
    status: 204,
  },
  { name: '304', line: 'HTTP/1.1 304 Not Modified', fields: [], status: 304 },
  { name: '304 with a length', line: 'HTTP/1.1 304 x', fields: ['Content-Length: 5'], status: 304 },
  {
    name: '304 in chunks',
    line: 'HTTP/1.1 304 x',
    fields: ['Transfer-Encoding: chunked'],
    status: 304,
  },
  { name: 'an answer to HEAD', line: 'HTTP/1.1 200 OK', fields: [], status: 200, asked: head() },
  {
    name: 'an answer to HEAD with a length',
    line: 'HTTP/1.1 200 OK',
    fields: ['Content-Length: 5'],
    status: 200,
    asked: head(),
  },
  {
    name: 'an answer to HEAD in chunks',
    line: 'HTTP/1.1 200 OK',
    fields: ['Transfer-Encoding: chunked'],
    status: 200,
    asked: head(),
  },
  {
    name: 'a 404 to HEAD',
    line: 'HTTP/1.1 404 Not Found',
    fields: ['Content-Length: 5'],
    status: 404,
    asked: head(),
  },
]

function bodylessAnswer({ status, asked }: Bodyless): Answer {
  return asked === undefined ? { status, content: '' } : { status, content: '', toHead: true }
}

/** No content whatever the fields say (RFC 9112 §6.3); bytes that come all the same are nobody's. */
const bodyless: readonly ResponseCase[] = bodylessCases.flatMap((one) => {
  const said = lines(one.line, ...one.fields, '')
  const common = {
    answers: [bodylessAnswer(one)],
    connection: 'kept',
    ...(one.asked === undefined ? {} : { asked: one.asked }),
  } as const
  return [
    { ...common, name: `2b-03 ${one.name} has no content`, said, reused: true },
    {
      ...common,
      name: `2b-03 ${one.name} and content all the same`,
      said: `${said}hello`,
      reused: false,
    },
  ]
})

export const ANSWERS: readonly ResponseCase[] = [
  ...badLines,
  ...badFraming,
  ...badFields,
  ...badHeads,
  ...through,
  ...fields,
  ...hopFields,
  ...named,
  ...lengths,
  ...bodyless,
]
