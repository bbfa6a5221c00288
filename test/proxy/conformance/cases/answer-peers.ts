import { HOST, get, lines } from '../../ingress/kit.ts'
import { answered, post } from '../case.ts'
import type { ResponseCase } from '../case.ts'

const ok = (...fields: readonly string[]): string => lines('HTTP/1.1 200 OK', ...fields, '')
const HELLO = ok('Content-Length: 5') + 'hello'
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n'
const old = (...fields: readonly string[]): string =>
  lines('GET / HTTP/1.0', `Host: ${HOST}`, ...fields, '')

const oldPeers: readonly ResponseCase[] = [
  {
    name: '6.3 HTTP/1.0 with a length',
    said: lines('HTTP/1.0 200 OK', 'Content-Length: 5', '') + 'hello',
    answers: [{ status: 200, content: 'hello' }],
    connection: 'kept',
    reused: false,
  },
  {
    name: '6.3 HTTP/1.0 that would be kept',
    said: lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 5', '') + 'hello',
    answers: [{ status: 200, content: 'hello' }],
    connection: 'kept',
    reused: false,
  },
  {
    name: '6.3 chunks for a client of HTTP/1.0 end with the connection',
    asked: old(),
    said: ok('Transfer-Encoding: chunked') + CHUNKS,
    answers: [{ status: 200, content: 'hello' }],
    connection: 'closed',
    reused: true,
  },
  {
    name: '6.3 chunks for a client of HTTP/1.0 that would be kept',
    asked: old('Connection: keep-alive'),
    said: ok('Transfer-Encoding: chunked') + CHUNKS,
    answers: [{ status: 200, content: 'hello' }],
    connection: 'closed',
    reused: true,
  },
  {
    name: '6.3 a length for a client of HTTP/1.0 that is kept',
    asked: old('Connection: keep-alive'),
    said: HELLO,
    answers: [{ status: 200, content: 'hello' }],
    connection: 'kept',
    reused: true,
  },
]

const early: readonly ResponseCase[] = [
  {
    name: '2a-16 an answer before the content of the request',
    asked: post(['Content-Length: 5']),
    early: true,
    said: lines('HTTP/1.1 413 Content Too Large', 'Content-Length: 5', '') + 'hello',
    answers: [{ status: 413, content: 'hello' }],
    connection: 'closed',
    reused: false,
  },
  {
    name: '2a-16 an answer instead of 100',
    asked: post(['Expect: 100-continue', 'Content-Length: 5']),
    early: true,
    said: lines('HTTP/1.1 401 Unauthorized', 'Content-Length: 0', ''),
    answers: [401],
    connection: 'closed',
    reused: false,
  },
  {
    name: '2a-16 an answer in the midst of chunks',
    asked: post(['Transfer-Encoding: chunked'], '5\r\nhel'),
    early: true,
    said: HELLO,
    answers: [{ status: 200, content: 'hello' }],
    connection: 'closed',
    reused: false,
  },
]

/** Answers that depend on who asks, and on what of the request has come. */
export const ANSWER_PEERS: readonly ResponseCase[] = [
  ...oldPeers,
  ...early,
  {
    ...answered('9.6 a client that closes leaves the member its connection', HELLO),
    asked: get('/', 'Connection: close'),
    connection: 'closed',
  },
]
