import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HTTP_LIMITS } from '../../../proxy/core/http-parse.ts'
import { readRequestHead } from '../../../proxy/core/http-request.ts'
import type { RequestHead, RequestMeaning } from '../../../proxy/core/http-request.ts'

const HOST = 'Host: a.demo.cloud.local'

function read(...lines: readonly string[]): ReturnType<typeof readRequestHead> {
  return readRequestHead(Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1'))
}

function head(...lines: readonly string[]): RequestHead {
  const result = read(...lines, '')
  assert.ok(result.kind === 'head', JSON.stringify(result))
  return result
}

function status(...lines: readonly string[]): number | string {
  const result = read(...lines, '')
  return result.kind === 'refused' ? result.status : result.kind
}

test('readRequestHead() finds method, host, framing and the start of the content', () => {
  const text =
    'POST /a?b HTTP/1.1\r\nhOsT: A.Demo.Cloud.Local.:8080\r\nContent-Length: 3\r\n\r\nabc'
  const result = readRequestHead(Buffer.from(text))
  assert.ok(result.kind === 'head')
  assert.equal(result.line.method, 'POST')
  assert.equal(text.slice(result.line.targetStart, result.line.targetEnd), '/a?b')
  assert.equal(text.slice(result.end), 'abc')
  assert.deepEqual(result.meaning, {
    kind: 'meaning',
    host: 'a.demo.cloud.local',
    authority: 'A.Demo.Cloud.Local.:8080',
    target: null,
    framing: { kind: 'length', bytes: 3 },
    persistent: true,
    expectsContinue: false,
    upgrade: false,
    hopFields: [],
  } satisfies RequestMeaning)
})

test('one empty line before a request is let pass, a second is not', () => {
  assert.equal(status('', 'GET / HTTP/1.1', HOST), 'head')
  assert.equal(status('', '', 'GET / HTTP/1.1', HOST), 400)
})

test('a target in absolute form names the host, and is sent on in origin form', () => {
  const cases = [
    ['GET http://a.demo.cloud.local/x?y HTTP/1.1', '/x?y'],
    ['GET HTTP://A.demo.cloud.local HTTP/1.1', '/'],
    ['GET http://a.demo.cloud.local?y HTTP/1.1', '/?y'],
    ['OPTIONS http://a.demo.cloud.local HTTP/1.1', '*'],
  ] as const
  for (const [line, sent] of cases) {
    const { meaning } = head(line, HOST)
    assert.equal(meaning.target, sent)
    assert.equal(meaning.host, 'a.demo.cloud.local')
  }
  assert.equal(head('GET http://a.b/ HTTP/1.0').meaning.host, 'a.b')
  assert.equal(status('GET http://a.demo.cloud.local:81/ HTTP/1.1', HOST), 400)
  assert.equal(status('GET ftp://a.demo.cloud.local/ HTTP/1.1', HOST), 400)
  assert.equal(status('GET http:///x HTTP/1.1', HOST), 400)
})

test('a target is a path, a URL, or * for OPTIONS', () => {
  assert.equal(status('OPTIONS * HTTP/1.1', HOST), 'head')
  for (const wrong of ['*', 'x', '?x', '//..#x', '/a#b', 'a:1']) {
    assert.equal(status(`GET ${wrong} HTTP/1.1`, HOST), 400, wrong)
  }
})

test('a Host is exactly one host', () => {
  const wrong = [
    '',
    'a b',
    'a,b',
    'a/b',
    'u@a',
    'a:b',
    'a:123456',
    '[::1',
    '[x]',
    'a\\b',
    'é',
    '<a>',
  ]
  for (const host of wrong) assert.equal(status('GET / HTTP/1.1', `Host: ${host}`), 400, host)
  assert.equal(status('GET / HTTP/1.1'), 400)
  assert.equal(head('GET / HTTP/1.0').meaning.host, '')
  assert.equal(head('GET / HTTP/1.1', 'Host: [::1]:80').meaning.host, '[::1]')
})

test('Connection names no more fields than a request may have', () => {
  assert.equal(status('GET / HTTP/1.1', HOST, `Connection: ${'a,'.repeat(99)}a`), 'head')
  assert.equal(
    status('GET / HTTP/1.1', HOST, `Connection: ${'a,'.repeat(99)}a`, 'Connection: a'),
    400,
  )
})

test('only blanks stand around the names in Connection', () => {
  assert.deepEqual(head('GET / HTTP/1.1', HOST, 'Connection:,\tA ,\xa0b').meaning.hopFields, [
    'a',
    '\xa0b',
  ])
})

test('a connection goes on by the rules of its version', () => {
  assert.equal(persistent('1.1'), true)
  assert.equal(persistent('1.1', 'Connection: x', 'connection: Close'), false)
  assert.equal(persistent('1.0'), false)
  assert.equal(persistent('1.0', 'Connection: Keep-Alive'), true)
})

test('only a whole WebSocket handshake is an upgrade', () => {
  const wanted = ['Connection: keep-alive, Upgrade', 'Upgrade: WebSocket']
  assert.equal(upgrade('GET / HTTP/1.1', ...wanted), true)
  assert.equal(upgrade('POST / HTTP/1.1', ...wanted), false)
  assert.equal(upgrade('GET / HTTP/1.0', ...wanted), false)
  assert.equal(upgrade('GET / HTTP/1.1', ...wanted, 'Content-Length: 0'), false)
  assert.equal(upgrade('GET / HTTP/1.1', ...wanted, 'Transfer-Encoding: chunked'), false)
  assert.equal(upgrade('GET / HTTP/1.1', 'Upgrade: websocket'), false)
  assert.equal(upgrade('GET / HTTP/1.1', 'Connection: upgrade', 'Upgrade: h2c'), false)
  assert.equal(upgrade('GET / HTTP/1.1', ...wanted, 'Upgrade: h2c'), false)
})

test('an expectation is 100-continue, and none in HTTP/1.0', () => {
  const post = ['POST / HTTP/1.1', HOST, 'Content-Length: 1'] as const
  assert.equal(head(...post, 'Expect: 100-Continue').meaning.expectsContinue, true)
  assert.equal(status(...post, 'Expect: 100-continue', 'Expect: x'), 417)
  assert.equal(head('POST / HTTP/1.0', HOST, 'Expect: x').meaning.expectsContinue, false)
})

test('limits hold to the byte', () => {
  const overhead = 'GET /'.length + 1
  assert.equal(status(target(HTTP_LIMITS.requestLineBytes - overhead), HOST), 'head')
  assert.equal(status(target(HTTP_LIMITS.requestLineBytes - overhead + 1), HOST), 414)
  assert.equal(status('GET / HTTP/1.1', HOST, ...fields(99)), 'head')
  assert.equal(status('GET / HTTP/1.1', HOST, ...fields(100)), 431)
  const rest = HTTP_LIMITS.requestHeadBytes - `GET / HTTP/1.1\r\n${HOST}\r\nA: \r\n\r\n`.length
  assert.equal(status('GET / HTTP/1.1', HOST, `A: ${'a'.repeat(rest)}`), 'head')
  assert.equal(status('GET / HTTP/1.1', HOST, `A: ${'a'.repeat(rest + 1)}`), 431)
  assert.equal(status(`${'A'.repeat(32)} / HTTP/1.1`, HOST), 'head')
  assert.equal(status(`${'A'.repeat(33)} / HTTP/1.1`, HOST), 501)
})

test('a beginning has the verdict of the whole, or none yet', () => {
  fc.assert(
    fc.property(nearHttp(), (text) => {
      const bytes = Buffer.from(text, 'latin1')
      const whole = readRequestHead(bytes)
      for (let end = 0; end < bytes.length; end += 1) {
        const part = readRequestHead(bytes.subarray(0, end))
        if (part.kind === 'refused') assert.deepEqual(part, whole)
        if (part.kind === 'head') {
          assert.ok(whole.kind === 'head')
          assert.deepEqual(part.meaning, whole.meaning)
          assert.equal(part.end, whole.end)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('no bytes make readRequestHead() throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearHttp().map(latin1)), (bytes) => {
      const result = readRequestHead(Buffer.from(bytes))
      assert.ok(['head', 'refused', 'incomplete'].includes(result.kind))
    }),
    { numRuns: 50_000 },
  )
})

test('no accepted head holds a bare CR, a bare LF or NUL', () => {
  fc.assert(
    fc.property(nearHttp(), (text) => {
      const result = readRequestHead(Buffer.from(text, 'latin1'))
      if (result.kind === 'head') {
        // eslint-disable-next-line no-control-regex -- control characters are what this looks for
        assert.doesNotMatch(text.slice(0, result.end), /\r(?!\n)|(?<!\r)\n|\0/)
      }
    }),
    { numRuns: 50_000 },
  )
})

function persistent(version: string, ...more: readonly string[]): boolean {
  return head(`GET / HTTP/${version}`, HOST, ...more).meaning.persistent
}

function upgrade(line: string, ...more: readonly string[]): boolean {
  return head(line, HOST, ...more).meaning.upgrade
}

function target(length: number): string {
  return `GET /${'a'.repeat(length)} HTTP/1.1`
}

function fields(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `A${i}: b`)
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** Pieces of HTTP in an order that often is nearly right. */
function nearHttp(): fc.Arbitrary<string> {
  const first = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'POST /x HTTP/1.1\r\n',
    '\r\nGET * HTTP/1.0\r\n',
    '',
  )
  const piece = fc.constantFrom(
    `${HOST}\r\n`,
    'Content-Length: 5\r\n',
    'Content-Length: +5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: \tchunked \r\n',
    'Connection: close, x\r\n',
    'A: b\r\n',
    'A:\r\n',
    ' folded\r\n',
    'A : b\r\n',
    '\r\n',
    '\n',
    '\r',
    ':',
    ' ',
    '\0',
    'A',
    'ü',
  )
  return fc
    .tuple(first, fc.array(piece, { maxLength: 8 }), fc.constantFrom('\r\n', '', '\n'))
    .map(([line, pieces, end]) => line + pieces.join('') + end)
}
