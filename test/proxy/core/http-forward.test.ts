import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { passesBy, requestForMember, responseForClient } from '../../../proxy/core/http-forward.ts'
import type { ResponseShape } from '../../../proxy/core/http-forward.ts'
import { readRequestHead } from '../../../proxy/core/http-request.ts'
import type { RequestHead } from '../../../proxy/core/http-request.ts'
import { readResponseHead } from '../../../proxy/core/http-response.ts'

const HOST = 'Host: a.demo.cloud.local'
const OURS = 'X-Forwarded-For: 192.0.2.1\r\n'

function head(...lines: readonly string[]): RequestHead {
  const text = [...lines, '', ''].join('\r\n')
  const result = readRequestHead(Buffer.from(text, 'latin1'))
  assert.ok(result.kind === 'head', JSON.stringify(result))
  return result
}

function forwarded(...lines: readonly string[]): string[] {
  return requestForMember(head(...lines), OURS).split('\r\n')
}

function answered(shape: Partial<ResponseShape>, ...lines: readonly string[]): string[] {
  const result = readResponseHead(Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'), 'GET')
  assert.ok(result.kind === 'head', JSON.stringify(result))
  const whole = { chunked: false, connection: '', date: 'now', ...shape } as const
  return responseForClient(result, whole).split('\r\n')
}

test('lines that nobody has to change pass as they are, in their order', () => {
  const lines = ['GET /%2e%2e/x?y HTTP/1.1', 'a:b', HOST, 'Cookie:  x=y ', 'C: é', 'A: 2'] as const
  const sent = requestForMember(head(...lines), OURS)
  assert.equal(sent, `${lines.join('\r\n')}\r\n${OURS}\r\n`)
})

test('fields for one hop do not pass, nor those that Connection names', () => {
  const sent = forwarded(
    'GET / HTTP/1.1',
    'Connection: close, X-Secret, Host, Cookie, X-Forwarded-For, Via',
    'X-Secret: 1',
    'Keep-Alive: 5',
    'Proxy-Connection: x',
    'Proxy-Authorization: x',
    'TE: trailers',
    'Trailer: x',
    'Upgrade: h2c',
    'HTTP2-Settings: x',
    HOST,
    'Cookie: kept',
    'Via: 1.1 kept',
    'X-Secret-Not: kept',
  )
  assert.deepEqual(sent, [
    'GET / HTTP/1.1',
    HOST,
    'Cookie: kept',
    'Via: 1.1 kept',
    'X-Secret-Not: kept',
    OURS.trim(),
    '',
    '',
  ])
})

test('what a client says about itself does not pass', () => {
  const sent = forwarded(
    'GET / HTTP/1.1',
    HOST,
    'X-Forwarded-For: 1.1.1.1',
    'X-Forwarded-Anything: x',
    'X-Real-IP: 1.1.1.1',
    'Forwarded: for=1.1.1.1',
    'X-Request-ID: mine',
    'Proxy: http://evil',
    'X-Cloudlet-Tenant: other',
  )
  assert.deepEqual(sent, ['GET / HTTP/1.1', HOST, OURS.trim(), '', ''])
})

test('framing is said once, by us', () => {
  const sent = forwarded('POST / HTTP/1.1', 'Transfer-Encoding:  chunKed ', HOST)
  assert.deepEqual(sent, [
    'POST / HTTP/1.1',
    HOST,
    'Transfer-Encoding: chunked',
    OURS.trim(),
    '',
    '',
  ])
  assert.ok(forwarded('POST / HTTP/1.1', HOST, 'content-length: 7').includes('content-length: 7'))
})

test('absolute form and HTTP/1.0 become origin form and HTTP/1.1', () => {
  const sent = forwarded('GET http://a.demo.cloud.local/x HTTP/1.0', 'Expect: 100-continue')
  assert.deepEqual(sent, ['GET /x HTTP/1.1', HOST, OURS.trim(), '', ''])
})

test('a handshake is passed on as one', () => {
  const sent = forwarded(
    'GET / HTTP/1.1',
    HOST,
    'Connection: x, Upgrade',
    'Upgrade: WebSocket',
    'X: 1',
  )
  assert.ok(sent.includes('Connection: Upgrade') && sent.includes('Upgrade: websocket'))
  assert.ok(!sent.includes('X: 1'))
})

test('passesBy() counts our own name in Via and no other', () => {
  const request = head('GET / HTTP/1.1', HOST, 'Via: 1.1 a, 1.1 cloudlet-x', 'Via: 1.0 cloudlet-x')
  assert.equal(passesBy(request, 'cloudlet-x'), 2)
  assert.equal(passesBy(request, 'cloudlet'), 0)
  const near = head('GET / HTTP/1.1', HOST, 'Via: cloudlet-x, 1.1 cloudlet-xy,1.1\tcloudlet-x (we)')
  assert.equal(passesBy(near, 'cloudlet-x'), 1)
})

test('an answer keeps its lines, without those for one hop and ours', () => {
  const sent = answered(
    { connection: 'close' },
    'HTTP/1.1 200 Fine',
    'Set-Cookie: a',
    'Connection: X-Hop',
    'X-Hop: 1',
    'X-Cloudlet-Error: fake',
    'Set-Cookie: b',
    'Content-Length: 3',
  )
  assert.deepEqual(sent, [
    'HTTP/1.1 200 Fine',
    'Set-Cookie: a',
    'Set-Cookie: b',
    'Content-Length: 3',
    'Connection: close',
    'Date: now',
    '',
    '',
  ])
})

test('an answer that ends with the connection is chunked for the client', () => {
  const sent = answered({ chunked: true }, 'HTTP/1.0 200 OK', 'Date: then')
  assert.deepEqual(sent, ['HTTP/1.1 200 OK', 'Date: then', 'Transfer-Encoding: chunked', '', ''])
})

test('204 and 1xx pass without a length', () => {
  assert.ok(!answered({}, 'HTTP/1.1 204 x', 'Content-Length: 0').join().includes('Length'))
  assert.deepEqual(answered({}, 'HTTP/1.1 103 x', 'Link: a'), ['HTTP/1.1 103 x', 'Link: a', '', ''])
})

test('what is sent on is read by us as the same request', () => {
  const field = fc.constantFrom(
    'Connection: a, close',
    'Connection: keep-alive',
    'A: b',
    'B: connection',
    'TE: x',
    'Cookie: a=b',
    'X-Forwarded-For: x',
    'Content-Length: 3',
    'Accept: */*',
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(field),
      fc.constantFrom('/', 'http://a.demo.cloud.local/'),
      (fields, target) => {
        const before = readRequestHead(
          Buffer.from(['GET ' + target + ' HTTP/1.1', HOST, ...fields, '', ''].join('\r\n')),
        )
        assert.ok(before.kind === 'head')
        const after = readRequestHead(Buffer.from(requestForMember(before, OURS), 'latin1'))
        assert.ok(after.kind === 'head')
        assert.equal(after.meaning.host, before.meaning.host)
        assert.deepEqual(after.meaning.framing, before.meaning.framing)
        assert.deepEqual(after.meaning.hopFields, [])
      },
    ),
    { numRuns: 2000 },
  )
})
