import { HOST, get, lines } from '../../ingress/kit.ts'
import { answered, invalid, invalidContent, post } from '../case.ts'
import type { ResponseCase } from '../case.ts'

const ok = (...fields: readonly string[]): string => lines('HTTP/1.1 200 OK', ...fields, '')
const HELLO = ok('Content-Length: 5') + 'hello'
const END = '0\r\n\r\n'
const chunked = (content: string): string => ok('Transfer-Encoding: chunked') + content
const EVIL = lines('HTTP/1.1 200 OK', 'Content-Length: 4', '') + 'evil'

const badChunks: readonly ResponseCase[] = [
  ['0x5', `0x5\r\nhello\r\n${END}`],
  ['+5', `+5\r\nhello\r\n${END}`],
  ['-5', `-5\r\nhello\r\n${END}`],
  ['5 and a blank', `5 \r\nhello\r\n${END}`],
  ['a blank and 5', ` 5\r\nhello\r\n${END}`],
  ['g', `g\r\nhello\r\n${END}`],
  ['no size', `\r\nhello\r\n${END}`],
  ['14 digits', `00000000000005\r\nhello\r\n${END}`],
  ['16 digits', `ffffffffffffffff\r\nhello\r\n${END}`],
  ['a bare LF after its size', `5\nhello\r\n${END}`],
  ['a bare LF after its data', `5\r\nhello\n${END}`],
  ['data longer than said', `5\r\nhello!\r\n${END}`],
  ['data shorter than said', `6\r\nhello\r\n${END}`],
  ['NUL in its extension', `5;\0\r\nhello\r\n${END}`],
  ['a bare LF in its extension', `5;a\n\r\nhello\r\n${END}`],
  ['an extension of 257 bytes', `5;${'a'.repeat(257)}\r\nhello\r\n${END}`],
].map(([name, content = '']) => invalidContent(`2b-03 a chunk with ${name}`, chunked(content)))

const badTrailers: readonly ResponseCase[] = [
  ['no colon', '0\r\nA\r\n\r\n'],
  ['a bare LF', '0\r\nA: b\n\r\n'],
  ['NUL', '0\r\nA: \0\r\n\r\n'],
  ['a folded line', '0\r\nA: b\r\n c\r\n\r\n'],
  ['an answer in it', `0\r\n${EVIL}`],
  ['more than 16 KiB', `0\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`],
].map(([name, end = '']) =>
  invalidContent(`2b-03 a trailer with ${name}`, chunked(`5\r\nhello\r\n${end}`)),
)

const goodChunks: readonly ResponseCase[] = [
  answered('7.1 one chunk', chunked(`5\r\nhello\r\n${END}`), { content: 'hello' }),
  answered('7.1 two chunks', chunked(`2\r\nhe\r\n3\r\nllo\r\n${END}`), { content: 'hello' }),
  answered('7.1 no chunk', chunked(END), { content: '' }),
  answered('7.1 padded sizes', chunked(`0005\r\nhello\r\n000\r\n\r\n`), { content: 'hello' }),
  answered('7.1 a size in capitals', chunked(`A\r\n0123456789\r\n${END}`), {
    content: '0123456789',
  }),
  answered(
    '2a-06 extensions of an answer are dropped',
    chunked(`5;a="b" ;c\r\nhello\r\n0;d\r\n\r\n`),
    {
      content: 'hello',
    },
  ),
  answered(
    '2a-07 trailers of an answer are dropped',
    chunked('5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n'),
    {
      content: 'hello',
      lines: [],
    },
  ),
  answered('7.1 data that looks like the end', chunked(`7\r\n\r\n${END}\r\n${END}`), {
    content: `\r\n${END}`,
  }),
  answered('7.1 a chunk of 70,000 bytes', chunked(`11170\r\n${'x'.repeat(70_000)}\r\n${END}`), {
    content: 'x'.repeat(70_000),
  }),
]

/** What nobody asked for must not become the answer to the next request. */
const unsolicited: readonly ResponseCase[] = [
  { ...answered('2b-03 an answer and another', HELLO + EVIL, { content: 'hello' }), reused: false },
  {
    ...answered('2b-03 a byte beyond the length', `${HELLO}!`, { content: 'hello' }),
    reused: false,
  },
  {
    ...answered('2b-03 an empty line beyond the length', `${HELLO}\r\n`, { content: 'hello' }),
    reused: false,
  },
  {
    ...answered('2b-03 bytes beyond the last chunk', chunked(`5\r\nhello\r\n${END}`) + EVIL),
    reused: false,
  },
  {
    ...answered('2b-03 bytes after an empty answer', ok('Content-Length: 0') + EVIL),
    reused: false,
  },
  {
    ...answered('2b-03 an announcement after the answer', `${HELLO}HTTP/1.1 100 Continue\r\n\r\n`),
    reused: false,
  },
]

const closing: readonly ResponseCase[] = [
  ['Connection: close'],
  ['connection: CLOSE'],
  ['Connection: keep-alive, close'],
  ['Connection: keep-alive', 'Connection: close'],
].map((fields) => ({
  ...answered(
    `2b-04 ${fields.join(' + ')} of a member is not used again`,
    ok('Content-Length: 5', ...fields) + 'hello',
    {
      content: 'hello',
    },
  ),
  reused: false,
}))

const resting: readonly ResponseCase[] = [
  {
    ...answered('2b-04 Keep-Alive: timeout=0', ok('Keep-Alive: timeout=0', 'Content-Length: 0')),
    reused: false,
  },
  {
    ...answered('2b-04 Keep-Alive: timeout=1', ok('Keep-Alive: timeout=1', 'Content-Length: 0')),
    reused: false,
  },
  answered('2b-04 Keep-Alive: timeout=9', ok('Keep-Alive: timeout=9', 'Content-Length: 0')),
  {
    ...answered('2b-04 a member that ends after its answer', HELLO, { content: 'hello' }),
    after: 'ends',
    reused: false,
  },
  {
    ...answered('2b-04 a member that resets after its answer', HELLO, { content: 'hello' }),
    after: 'resets',
    reused: false,
  },
]

const untilClose: readonly ResponseCase[] = [
  {
    name: '2b-03 content up to the close is chunked for the client',
    said: `${ok()}hello`,
    after: 'ends',
    answers: [{ status: 200, content: 'hello' }],
    connection: 'kept',
    reused: false,
  },
  {
    name: '2b-03 no content up to the close',
    said: ok(),
    after: 'ends',
    answers: [{ status: 200, content: '' }],
    connection: 'kept',
    reused: false,
  },
  {
    name: '2b-03 content up to the close that looks like an answer',
    said: ok('A: b') + EVIL,
    after: 'ends',
    answers: [{ status: 200, content: EVIL, lines: ['A: b'] }],
    connection: 'kept',
    reused: false,
  },
  {
    name: '2b-03 content up to the close of HTTP/1.0',
    said: `${lines('HTTP/1.0 200 OK', '')}hello`,
    after: 'ends',
    answers: [{ status: 200, content: 'hello' }],
    connection: 'kept',
    reused: false,
  },
  {
    name: '2b-03 content up to the close for a client of HTTP/1.0',
    asked: lines('GET / HTTP/1.0', `Host: ${HOST}`, ''),
    said: `${ok()}hello`,
    after: 'ends',
    answers: [{ status: 200, content: 'hello' }],
    connection: 'closed',
    reused: false,
  },
]

/** A client must never take a part for all of it (RFC 9112 §8). */
const truncated: readonly ResponseCase[] = truncatedIn([
  { name: 'a length', said: `${ok('Content-Length: 9')}hello`, after: 'ends' },
  { name: 'a length, by a reset', said: `${ok('Content-Length: 9')}hello`, after: 'resets' },
  { name: 'a length with nothing yet', said: ok('Content-Length: 9'), after: 'ends' },
  { name: 'chunks', said: chunked('5\r\nhello\r\n'), after: 'ends' },
  { name: 'chunks, by a reset', said: chunked('5\r\nhello\r\n'), after: 'resets' },
  { name: 'a chunk', said: chunked('9\r\nhello'), after: 'ends' },
  { name: 'the size of a chunk', said: chunked('5'), after: 'ends' },
  { name: 'the last chunk', said: chunked('5\r\nhello\r\n0\r\n'), after: 'ends' },
  { name: 'a trailer', said: chunked('5\r\nhello\r\n0\r\nA: b\r\n'), after: 'ends' },
  { name: 'content up to the close, by a reset', said: `${ok()}hello`, after: 'resets' },
  {
    name: 'chunks for a client of HTTP/1.0',
    asked: lines('GET / HTTP/1.0', `Host: ${HOST}`, ''),
    said: chunked('5\r\nhello\r\n'),
    after: 'ends',
  },
  {
    name: 'a length for a client that closes',
    asked: get('/', 'Connection: close'),
    said: `${ok('Content-Length: 9')}hello`,
    after: 'ends',
  },
])

type Truncated = Pick<ResponseCase, 'name' | 'asked' | 'said' | 'after'>

function truncatedIn(all: readonly Truncated[]): readonly ResponseCase[] {
  return all.map((one) => ({
    ...one,
    name: `2b-03 an answer cut short in ${one.name}`,
    answers: [],
    connection: 'cut',
    reused: false,
  }))
}

const hints = (status: number, ...fields: readonly string[]): string =>
  lines(`HTTP/1.1 ${status} x`, ...fields, '')

const announcements: readonly ResponseCase[] = [
  {
    ...answered('15.2 103 is passed on', hints(103, 'Link: </a>') + HELLO),
    answers: [
      { status: 103, lines: ['Link: </a>'] },
      { status: 200, content: 'hello' },
    ],
  },
  { ...answered('15.2 102 is passed on', hints(102) + HELLO), answers: [102, 200] },
  { ...answered('15.2 199 is passed on', hints(199) + HELLO), answers: [199, 200] },
  answered('2a-15 100 that nobody asked for is dropped', hints(100) + HELLO, { content: 'hello' }),
  {
    ...answered('2a-15 sixteen announcements', hints(103).repeat(16) + HELLO),
    answers: [...Array.from({ length: 16 }, () => 103), 200],
  },
  {
    ...invalid('2a-15 seventeen announcements', hints(103).repeat(17) + HELLO),
    answers: [...Array.from({ length: 16 }, () => 103), 502],
  },
  invalid('2a-15 a hundred of 100', hints(100).repeat(100) + HELLO),
  {
    ...answered('15.2 an announcement has no length', hints(103, 'Content-Length: 5') + HELLO),
    answers: [
      { status: 103, lines: [] },
      { status: 200, content: 'hello' },
    ],
  },
  {
    ...answered(
      '15.2 an announcement has no coding',
      hints(103, 'Transfer-Encoding: chunked') + HELLO,
    ),
    answers: [
      { status: 103, lines: [] },
      { status: 200, content: 'hello' },
    ],
  },
  {
    ...answered('2a-15 HTTP/1.0 is announced nothing', hints(103) + HELLO),
    asked: lines('GET / HTTP/1.0', `Host: ${HOST}`, 'Connection: keep-alive', ''),
  },
  {
    ...answered('2a-15 100 to HEAD', hints(103) + ok('Content-Length: 5')),
    asked: lines('HEAD / HTTP/1.1', `Host: ${HOST}`, ''),
    answers: [103, { status: 200, toHead: true, content: '' }],
  },
  {
    ...answered('2a-15 100 that was asked for', hints(100) + HELLO),
    asked: post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    answers: [100, 200],
  },
  {
    ...invalid('15.2 an announcement and the end', hints(103)),
    after: 'ends',
    answers: [103, 502],
  },
  {
    ...invalid('15.2 an announcement and a bad answer', `${hints(103)}HTTP/1.1 200 OK\n\n`),
    answers: [103, 502],
  },
]

const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket'] as const
const handshake = get('/', ...WEBSOCKET)

/** A switch that nobody asked for, or another one than was asked for. */
const switches: readonly ResponseCase[] = [
  invalid('2b-06 101 to no handshake', hints(101, ...WEBSOCKET)),
  invalid('2b-06 101 to h2c', hints(101, 'Connection: Upgrade', 'Upgrade: h2c')),
  invalid('2b-06 101 of nothing', hints(101)),
  ...[
    ['of nothing', hints(101)],
    ['to h2c', hints(101, 'Connection: Upgrade', 'Upgrade: h2c')],
    ['without Connection', hints(101, 'Upgrade: websocket')],
    ['without Upgrade', hints(101, 'Connection: Upgrade')],
    ['that is none', 'HTTP/1.1 101 x\nConnection: Upgrade\nUpgrade: websocket\n\n'],
  ].map(([name, said = '']): ResponseCase => ({
    name: `2b-06 a handshake is answered by a switch ${name}`,
    asked: handshake,
    said,
    answers: [502],
    connection: 'closed',
    reused: false,
  })),
  {
    name: '2b-06 a handshake is refused, and neither connection goes on',
    asked: handshake,
    said: lines('HTTP/1.1 403 Forbidden', 'Content-Length: 5', '') + 'hello',
    answers: [{ status: 403, content: 'hello' }],
    connection: 'closed',
    reused: false,
  },
]

export const ANSWER_CONTENT: readonly ResponseCase[] = [
  ...badChunks,
  ...badTrailers,
  ...goodChunks,
  ...unsolicited,
  ...closing,
  ...resting,
  ...untilClose,
  ...truncated,
  ...announcements,
  ...switches,
]
