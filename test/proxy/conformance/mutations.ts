import { pick, type Numbers } from '../../support/fuzz.ts'

/** Heads and contents that are damaged as those of careless, old and hostile peers are. */

const FIELDS = [
  'Host: hello.demo.cloud.local',
  'Host: other.cloud.local:8080',
  'Content-Length: 5',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length : 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\tchunked',
  'Connection: close',
  'Connection: keep-alive, X-A, Host',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Expect: 100-continue',
  'Keep-Alive: timeout=5, max=3',
  'X-Forwarded-For: 192.0.2.1',
  'Forwarded: for=192.0.2.1',
  'Via: 1.1 cloudlet',
  'TE: trailers',
  'Trailer: X-A',
  'Proxy: http://192.0.2.1/',
  'Set-Cookie: a=b; Domain=.cloud.local',
  'Date: Thu, 26 Nov 2026 10:00:00 GMT',
  'X-A: 1',
  'X-A:',
  ' folded',
  'Cookie: a=b; c="d"',
]
const ASKED = [
  'GET / HTTP/1.1',
  'GET /a/../b?c=%0d%0a HTTP/1.1',
  'POST /form HTTP/1.1',
  'HEAD / HTTP/1.0',
  'OPTIONS * HTTP/1.1',
  'GET http://hello.demo.cloud.local/x HTTP/1.1',
  'CONNECT hello.demo.cloud.local:443 HTTP/1.1',
  'PRI * HTTP/2.0',
]
const ANSWERED = [
  'HTTP/1.1 200 OK',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 502',
  'HTTP/1.1 600 What',
]
const CONTENTS = [
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '2;a=b\r\nhe\r\n3;c="d"\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n',
  '0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'ffffffffffffffffff\r\n',
  '5\nhello\n0\n\n',
]
/** What separates, ends and hides. */
const ODD = ['\r', '\n', '\r\n', '\0', ' ', '\t', ':', ';', ',', '"', '\\', '\x7f', '\x80', '\xff']

export const damagedRequest = (next: Numbers): Buffer => damaged(next, ASKED)
export const damagedAnswer = (next: Numbers): Buffer => damaged(next, ANSWERED)

function damaged(next: Numbers, firsts: readonly string[]): Buffer {
  const lines = [pick(next, firsts)]
  // Most have a host, since little is looked at of those that have none.
  if (next(4) > 0) lines.push(pick(next, FIELDS.slice(0, 1)))
  for (let more = next(6); more > 0; more--) lines.push(pick(next, FIELDS))
  let text = `${lines.join('\r\n')}\r\n\r\n${pick(next, CONTENTS)}`
  for (let changes = Math.max(0, next(6) - 3); changes > 0; changes--) text = changed(next, text)
  return Buffer.from(text, 'latin1')
}

/** Something at a place is replaced, put in, taken out, doubled or cut off. */
function changed(next: Numbers, text: string): string {
  const at = next(text.length + 1)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  const how = next(7)
  if (how < 2) return before + pick(next, ODD) + after
  if (how === 2) return before + pick(next, ODD) + after.slice(1)
  if (how === 3) return before + String.fromCodePoint(next(256)) + after.slice(1)
  if (how === 4) return before + after.slice(next(20))
  if (how === 5) return before + after.slice(0, next(40)) + after
  return before
}
