import { get } from '../../ingress/kit.ts'
import { chunked, late, pass, post } from '../case.ts'
import type { RequestCase } from '../case.ts'

const END = '0\r\n\r\n'
const POSTED = { asked: 'POST /', content: 'hello' } as const
const HELLO = { asked: 'POST /', content: 'hello', lines: [] } as const

const sizes: readonly RequestCase[] = [
  '0x5',
  '0X5',
  'x5',
  '+5',
  '-5',
  '-0',
  '5_',
  '_5',
  '1_0',
  ' 5',
  '\t5',
  '5 ',
  '5\t',
  '5 5',
  '',
  ' ',
  'g',
  '5g',
  'h5',
  '5.0',
  '5,5',
  '"5"',
  '5\0',
  '\x005',
  '5\v',
  '5\x85',
  '\xa05',
  '5\xa0',
  '\xb2',
  '00000000000005',
  '10000000000000005',
  'ffffffffffffffff',
  'fffffffffffffffb',
  '-fffffffffffffffb',
  '123456789abcdef0123456789abcdef',
].map((size) =>
  late(`2a-05 a chunk of size ${JSON.stringify(size)}`, chunked(`${size}\r\nhello\r\n${END}`)),
)

const ends: readonly RequestCase[] = [
  ['a bare LF after a size', `5\nhello\r\n${END}`],
  ['a bare CR after a size', `5\rhello\r\n${END}`],
  ['CR CR LF after a size', `5\r\r\nhello\r\n${END}`],
  ['LF CR after a size', `5\n\rhello\r\n${END}`],
  ['a bare LF after the data', `5\r\nhello\n${END}`],
  ['a bare CR after the data', `5\r\nhello\r${END}`],
  ['CR CR LF after the data', `5\r\nhello\r\r\n${END}`],
  ['nothing after the data', `5\r\nhello${END}`],
  ['two CRLFs after the data', `5\r\nhello\r\n\r\n${END}`],
  ['a blank after the data', `5\r\nhello \r\n${END}`],
  ['data longer than said', `5\r\nhello!\r\n${END}`],
  ['data shorter than said', `6\r\nhello\r\n${END}`],
  ['data far longer than said', `1\r\nhello\r\n${get('/smuggled')}`],
  ['a bare LF after the last chunk', '5\r\nhello\r\n0\n\r\n'],
  ['a bare LF at the very end', '5\r\nhello\r\n0\r\n\n'],
  ['a bare CR at the very end', '5\r\nhello\r\n0\r\n\rX'],
  ['CR LF CR X at the very end', '0\r\n\rX'],
  ['a line before the first size', `\r\n5\r\nhello\r\n${END}`],
  ['a request where a size is due', get('/smuggled')],
].map(([name, content = '']) => late(`2a-05 ${name}`, chunked(content)))

const goodSizes: readonly RequestCase[] = [
  pass('2a-05 one chunk', chunked(`5\r\nhello\r\n${END}`), HELLO),
  pass('2a-05 two chunks', chunked(`2\r\nhe\r\n3\r\nllo\r\n${END}`), HELLO),
  pass('2a-05 a chunk a byte', chunked(`${chunkEach('hello')}${END}`), HELLO),
  pass('2a-05 padded sizes are written anew', chunked(`0000000000005\r\nhello\r\n${END}`), HELLO),
  pass('2a-05 a padded last chunk', chunked('5\r\nhello\r\n0000\r\n\r\n'), HELLO),
  pass('2a-05 no content at all', chunked(END), { asked: 'POST /' }),
  pass('2a-05 a size in capitals', chunked(`1A\r\n${'a'.repeat(26)}\r\n${END}`), {
    asked: 'POST /',
    content: 'a'.repeat(26),
  }),
  pass('2a-05 a size in small letters', chunked(`1a\r\n${'a'.repeat(26)}\r\n${END}`), {
    asked: 'POST /',
    content: 'a'.repeat(26),
  }),
  pass('2a-05 data that looks like chunks', chunked(`a\r\n\r\n0\r\n\r\n\r\n\0\r\n${END}`), {
    asked: 'POST /',
    content: '\r\n0\r\n\r\n\r\n\0',
  }),
  pass(
    '2a-05 the next request begins after the end',
    chunked(`${END}${get('/next')}`),
    {
      asked: 'POST /',
    },
    { asked: 'GET /next' },
  ),
  pass('2a-05 a larger chunk', chunked(`1000\r\n${'x'.repeat(4096)}\r\n${END}`), {
    asked: 'POST /',
    content: 'x'.repeat(4096),
  }),
]

function chunkEach(text: string): string {
  return Array.from(text, (letter) => `1\r\n${letter}\r\n`).join('')
}

const extensions: readonly RequestCase[] = [
  ';',
  ';a',
  ';a=b',
  ';a="b c"',
  ';a="b;c"',
  ';a;b;c=d',
  ' ;a',
  '\t;a',
  ' ; a = b',
  `;${'a'.repeat(256)}`,
  ';a=0x5',
].map((extension) =>
  pass(
    `2a-06 the extension ${JSON.stringify(extension.slice(0, 20))} is read and dropped`,
    chunked(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`),
    HELLO,
  ),
)

const badExtensions: readonly RequestCase[] = [
  [';a\nb', 'a bare LF'],
  [';a=b\n', 'a bare LF at its end'],
  [';\n', 'nothing but a bare LF'],
  [';a\rb', 'a bare CR'],
  [';a="\r\n"', 'CRLF in quotes'],
  [';a\r', 'CR CR at its end'],
  [';a\0', 'NUL'],
  [';a\x01', 'a control character'],
  [';a\x7f', 'DEL'],
  [';a\x80', 'a byte above ASCII'],
  [';a\v', 'a vertical tab'],
  [' a', 'no semicolon'],
  [' \n', 'a blank and a bare LF'],
  [`;${'a'.repeat(257)}`, '257 bytes'],
  [`;${'a'.repeat(20_000)}`, '20,000 bytes'],
].map(([extension, name]) =>
  late(`2a-06 an extension with ${name}`, chunked(`5${extension}\r\nhello\r\n${END}`)),
)

const manyExtensions = late(
  '2a-06 extensions of more than 16 KiB together',
  chunked(`1;${'a'.repeat(200)}\r\nx\r\n`.repeat(90) + END),
)

const trailers: readonly RequestCase[] = [
  'X: y',
  'Content-Length: 50',
  'Transfer-Encoding: chunked',
  'Host: other.demo.cloud.local',
  'Authorization: Basic eDp5',
  'Content-Type: text/plain',
  'Cookie: a=b',
  'X-Forwarded-For: 192.0.2.1',
  'Connection: close',
  'Trailer: X',
  'A:',
  'A: \t b \t',
].map((trailer) =>
  pass(
    `2a-07 the trailer ${JSON.stringify(trailer)} is dropped`,
    chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
    HELLO,
  ),
)

const trailerLines = (count: number): string =>
  Array.from({ length: count }, (_, i) => `A${i}: b\r\n`).join('')

const moreTrailers: readonly RequestCase[] = [
  pass(
    '2a-07 the field Trailer is for one hop',
    post(['Transfer-Encoding: chunked', 'Trailer: X', 'A: b'], `5\r\nhello\r\n0\r\nX: y\r\n\r\n`),
    { ...POSTED, lines: ['A: b'] },
  ),
  pass('2a-07 a hundred trailers are dropped', chunked(`0\r\n${trailerLines(100)}\r\n`), {
    asked: 'POST /',
    lines: [],
  }),
  late('2a-07 a hundred and one trailers', chunked(`0\r\n${trailerLines(101)}\r\n`)),
  late('2a-07 trailers of more than 16 KiB', chunked(`0\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`)),
  { ...late('2a-07 a trailer without an end', chunked('0\r\nA: b\r\n')), ends: true },
]

const badTrailers: readonly RequestCase[] = [
  ['a request', 'GET /smuggled HTTP/1.1'],
  ['no colon', 'A'],
  ['no name', ': b'],
  ['white space before the colon', 'A : b'],
  ['white space before the name', ' A: b'],
  ['a folded line', 'A: b\r\n c'],
  ['a bare LF', 'A: b\nB: c'],
  ['a bare CR', 'A: b\rB: c'],
  ['NUL', 'A: \0'],
  ['a control character', 'A: \x08'],
  ['DEL', 'A: \x7f'],
  ['a byte above ASCII in its name', '\xe4: b'],
].map(([name, trailer]) =>
  late(`2a-07 a trailer with ${name}`, chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`)),
)

export const CHUNKS: readonly RequestCase[] = [
  ...sizes,
  ...ends,
  ...goodSizes,
  ...extensions,
  ...badExtensions,
  manyExtensions,
  ...trailers,
  ...moreTrailers,
  ...badTrailers,
]
