import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOST, RawClient, lines, rawBackend, until } from '../ingress/kit.ts'
import { readAnswers } from './canonical-answer.ts'
import { readRequest } from './canonical.ts'
import { BYTES, piecesOf, writePieces } from './pieces.ts'

/** The checkers are held to account too: what they let pass proves nothing otherwise. */
const OURS = [
  'X-Forwarded-For: 127.0.0.1',
  'X-Real-IP: 127.0.0.1',
  'X-Forwarded-Proto: http',
  `X-Forwarded-Host: ${HOST}`,
  `Forwarded: for=127.0.0.1;host="${HOST}";proto=http`,
  'Via: 1.1 cloudlet-test',
  'X-Request-Id: request-1',
] as const

function forwarded(line: string, fields: readonly string[], content = ''): string {
  return lines(line, `Host: ${HOST}`, ...fields, ...OURS, '') + content
}

const get = (...fields: readonly string[]): string => forwarded('GET / HTTP/1.1', fields)
const chunks = (content: string): string =>
  forwarded('POST / HTTP/1.1', ['Transfer-Encoding: chunked'], content)

test('a canonical request is read to its end', () => {
  const good = [
    [get('A: b'), ''],
    [forwarded('OPTIONS * HTTP/1.1', []), ''],
    [forwarded('POST / HTTP/1.1', ['Content-Length: 5'], 'hello'), 'hello'],
    [chunks('5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n'), 'hello0123456789'],
    [get('Connection: Upgrade', 'Upgrade: websocket'), ''],
  ] as const
  for (const [text, content] of good) {
    const read = readRequest(`${text}next`, 0)
    assert.equal(read?.end, text.length)
    assert.equal(read?.message.content, content)
    for (let end = 0; end < text.length; end += 1)
      assert.equal(readRequest(text.slice(0, end), 0), null)
  }
})

const NOT_CANONICAL: Readonly<Record<string, string>> = {
  'two framings': forwarded('POST / HTTP/1.1', ['Content-Length: 0', 'Transfer-Encoding: chunked']),
  'two lengths': forwarded('POST / HTTP/1.1', ['Content-Length: 0', 'Content-Length: 0']),
  'a padded length': forwarded('POST / HTTP/1.1', ['Content-Length: 05'], 'hello'),
  'another coding': forwarded('POST / HTTP/1.1', ['Transfer-Encoding: gzip, chunked']),
  'two Hosts': get(`Host: ${HOST}`),
  'no Host': lines('GET / HTTP/1.1', ...OURS, ''),
  'a bare LF': get('A: b\nB: c'),
  'a bare CR': get('A: b\rB: c'),
  NUL: get('A: \0'),
  'a folded line': get('A: b', ' c'),
  'a blank before the colon': get('A : b'),
  'an underscore': get('A_B: c'),
  Connection: get('Connection: close'),
  TE: get('TE: trailers'),
  'Keep-Alive': get('Keep-Alive: 5'),
  'Proxy-Authorization': get('Proxy-Authorization: x'),
  Trailer: get('Trailer: x'),
  Proxy: get('Proxy: x'),
  'an upgrade to h2c': get('Connection: Upgrade', 'Upgrade: h2c'),
  'an upgrade by POST': forwarded('POST / HTTP/1.1', ['Connection: Upgrade', 'Upgrade: websocket']),
  'a second word on who asks': get('X-Forwarded-For: 127.0.0.1'),
  'a word of the client on who asks': get('X-Forwarded-Port: 80'),
  'no word on who asks': lines('GET / HTTP/1.1', `Host: ${HOST}`, ''),
  'a word of the platform': get('X-Cloudlet-Tenant: x'),
  'another expectation': get('Expect: x'),
  'HTTP/1.0': forwarded('GET / HTTP/1.0', []),
  'a URL': forwarded(`GET http://${HOST}/ HTTP/1.1`, []),
  'a fragment': forwarded('GET /#a HTTP/1.1', []),
  CONNECT: forwarded('CONNECT / HTTP/1.1', []),
  'two blanks': forwarded('GET  / HTTP/1.1', []),
  'an extension': chunks('5;a\r\nhello\r\n0\r\n\r\n'),
  'a padded size': chunks('05\r\nhello\r\n0\r\n\r\n'),
  'a size in capitals': chunks('A\r\n0123456789\r\n0\r\n\r\n'),
  'a size that is none': chunks('0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk without an end': chunks('5\r\nhello!\r\n0\r\n\r\n'),
  'a trailer': chunks('0\r\nA: b\r\n\r\n'),
}

for (const [name, text] of Object.entries(NOT_CANONICAL)) {
  test(`the checker of requests refuses ${name}`, () => {
    assert.throws(() => readRequest(text, 0), assert.AssertionError)
  })
}

const DATE = 'Date: Thu, 01 Jan 2026 00:00:00 GMT'
const answer = (...fields: readonly string[]): string =>
  lines('HTTP/1.1 200 OK', DATE, ...fields, '')

test('canonical answers are read to their ends', () => {
  const text = `${lines('HTTP/1.1 103 Early Hints', '')}${answer('Content-Length: 2')}ok${answer('Connection: close')}rest`
  const read = readAnswers(text, [103, 200, 200], true)
  assert.deepEqual(
    read.map(({ status, content, isLast }) => [status, content, isLast]),
    [
      [103, '', false],
      [200, 'ok', false],
      [200, 'rest', true],
    ],
  )
  assert.equal(readAnswers(text, [103, 200, 200], false).length, 2)
})

const NO_ANSWER: Readonly<Record<string, string>> = {
  'two framings': answer('Content-Length: 0', 'Transfer-Encoding: chunked'),
  'a length where there is no content': lines(
    'HTTP/1.1 204 No Content',
    DATE,
    'Content-Length: 0',
    '',
  ),
  'Keep-Alive': answer('Content-Length: 0', 'Keep-Alive: timeout=5'),
  'a name in Connection': answer('Content-Length: 0', 'Connection: X'),
  'no Date': lines('HTTP/1.1 200 OK', 'Content-Length: 0', ''),
  'an end that is the close, and is not said': answer(),
  'bytes beyond its end': `${answer('Content-Length: 0')}more`,
  'content that ends too early': `${answer('Content-Length: 5')}hell`,
  'another version': lines('HTTP/1.0 200 OK', DATE, 'Content-Length: 0', ''),
  'an Upgrade': answer('Content-Length: 0', 'Upgrade: h2c'),
  'a bare LF': answer('Content-Length: 0', 'A: b\nC: d'),
}

for (const [name, text] of Object.entries(NO_ANSWER)) {
  test(`the checker of answers refuses ${name}`, () => {
    assert.throws(() => readAnswers(text, [200], true), assert.AssertionError)
  })
}

test('pieces are all of a text, and arrive one by one', async (t) => {
  const long = 'abc'.repeat(2000)
  assert.equal(piecesOf(long, BYTES).join(''), long)
  const arrived: string[] = []
  const { port } = await rawBackend(t, (socket) => {
    socket.on('data', (piece) => arrived.push(piece.toString('latin1')))
  })
  const client = new RawClient(t, port)
  await until(
    () => !client.socket.connecting,
    () => 'a connection',
  )
  await writePieces(client.socket, piecesOf('HTTP/1.1', BYTES), () => false)
  await until(
    () => arrived.join('') === 'HTTP/1.1',
    () => 'all pieces',
  )
  // Deno does not read in the turn in which it was written: there, pieces may come together.
  const least = 'Deno' in globalThis ? 1 : 7
  assert.ok(arrived.length >= least, `they came as ${JSON.stringify(arrived)}`)
})
