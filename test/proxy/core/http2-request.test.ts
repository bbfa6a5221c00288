import assert from 'node:assert/strict'
import { test } from 'node:test'
import { http2RequestHead } from '../../../proxy/core/http2-request.ts'

const BASE = [':method', 'GET', ':scheme', 'https', ':path', '/', ':authority', 'a.b.cloud.local']

const headOf = (raw: readonly string[], isWhole = true) =>
  http2RequestHead({ raw, isWhole, handshakeKey: 'KEY' })

test('a request becomes the head that HTTP/1.1 would have had', () => {
  const raw = [...BASE, 'accept', '*/*', 'cookie', 'a=1', 'x-a', '', 'cookie', 'b=2']
  const head =
    'GET / HTTP/1.1\r\nhost: a.b.cloud.local\r\naccept: */*\r\nx-a: \r\ncookie: a=1; b=2\r\n'
  assert.equal(headOf(raw), `${head}\r\n`)
  assert.equal(headOf(raw, false), `${head}transfer-encoding: chunked\r\n\r\n`)
})

test('a length that is told frames the content', () => {
  const raw = [...BASE, 'content-length', '5']
  const head = 'GET / HTTP/1.1\r\nhost: a.b.cloud.local\r\ncontent-length: 5\r\n\r\n'
  assert.equal(headOf(raw, false), head)
})

test('Host stands in for a missing :authority, and may repeat it', () => {
  const named = 'GET / HTTP/1.1\r\nhost: a.b.cloud.local\r\n\r\n'
  assert.equal(headOf([...BASE.slice(0, 6), 'host', 'a.b.cloud.local']), named)
  assert.equal(headOf([...BASE, 'host', 'A.b.cloud.local']), named)
})

test('a WebSocket becomes a handshake', () => {
  const socket = [':method', 'CONNECT', ':protocol', 'websocket', ...BASE.slice(2)]
  const handshake = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: KEY\r\n'
  const head = `GET / HTTP/1.1\r\nhost: a.b.cloud.local\r\n${handshake}\r\n`
  assert.equal(headOf(socket, false), head)
})

const without = (name: string): string[] => {
  const at = BASE.indexOf(name)
  return BASE.toSpliced(at, 2)
}
const instead = (name: string, value: string): string[] => [name, value, ...without(name)]

const REFUSED: Readonly<Record<string, readonly [raw: readonly string[], status: number]>> = {
  'no method': [without(':method'), 400],
  'a method that is no token': [instead(':method', 'GE T'), 400],
  'no path': [without(':path'), 400],
  'an empty path': [instead(':path', ''), 400],
  'a path in absolute form': [instead(':path', 'http://a/'), 400],
  'a path with a space': [instead(':path', '/a b'), 400],
  'a path with a fragment': [instead(':path', '/a#b'), 400],
  'the path "*" without OPTIONS': [instead(':path', '*'), 400],
  'no scheme': [without(':scheme'), 400],
  'another scheme': [instead(':scheme', 'ftp'), 400],
  'no host': [without(':authority'), 400],
  'an empty host': [instead(':authority', ''), 400],
  'two hosts': [[...BASE, 'host', 'other.b.cloud.local'], 400],
  'Host twice': [[...without(':authority'), 'host', 'a', 'host', 'a'], 400],
  CONNECT: [instead(':method', 'CONNECT'), 405],
  'another protocol': [[':protocol', 'webtransport', ...instead(':method', 'CONNECT')], 501],
  'a protocol without CONNECT': [[':protocol', 'websocket', ...BASE], 400],
  'a pseudo-field twice': [[':path', '/', ...BASE], 400],
  'an unknown pseudo-field': [[':status', '200', ...BASE], 400],
  'a pseudo-field after a field': [['a', 'b', ...BASE], 400],
  'an upper-case name': [[...BASE, 'Accept', '*/*'], 400],
  'an empty name': [[...BASE, '', 'a'], 400],
  'a name with a colon': [[...BASE, 'a:b', 'c'], 400],
  'a name with a line feed': [[...BASE, 'a\nb', 'c'], 400],
  'a name with an underscore': [[...BASE, 'x_real_ip', 'a'], 400],
  'a value with a line feed': [[...BASE, 'a', 'b\r\nc: d'], 400],
  'a value with a NUL': [[...BASE, 'a', 'b\0'], 400],
  'a value that begins with white space': [[...BASE, 'a', ' b'], 400],
  'a value that ends with white space': [[...BASE, 'a', 'b\t'], 400],
  'a value beyond latin1': [[...BASE, 'a', '\u0130'], 400],
  Connection: [[...BASE, 'connection', 'close'], 400],
  'Keep-Alive': [[...BASE, 'keep-alive', 'timeout=5'], 400],
  'Proxy-Connection': [[...BASE, 'proxy-connection', 'close'], 400],
  'Transfer-Encoding': [[...BASE, 'transfer-encoding', 'chunked'], 400],
  Upgrade: [[...BASE, 'upgrade', 'h2c'], 400],
  'TE other than trailers': [[...BASE, 'te', 'gzip'], 400],
}
for (const [what, [raw, status]] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, () => {
    const head = headOf(raw)
    assert.ok(typeof head !== 'string')
    assert.equal(head.status, status)
  })
}
