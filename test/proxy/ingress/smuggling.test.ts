import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOST, ask, backend, get, lines, member, rawBackend, world } from './kit.ts'

const HEAD = ['POST / HTTP/1.1', `Host: ${HOST}`] as const
const SMUGGLED = `0\r\n\r\n${get('/smuggled')}`

function post(...fields: readonly string[]): string {
  return lines(...HEAD, ...fields, '') + SMUGGLED
}

function chunked(content: string): string {
  return lines(...HEAD, 'Transfer-Encoding: chunked', '') + content
}

/** What two programs could read in two ways, and the status that it gets from us. */
const CORPUS: Readonly<Record<string, readonly [string, number]>> = {
  'CL.TE': [post('Content-Length: 6', 'Transfer-Encoding: chunked'), 400],
  'TE.CL': [post('Transfer-Encoding: chunked', 'Content-Length: 4'), 400],
  'TE.TE': [post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400],
  'TE.TE identity': [post('Transfer-Encoding: identity', 'Transfer-Encoding: chunked'), 400],
  'TE xchunked': [post('Transfer-Encoding: xchunked'), 400],
  'TE list': [post('Transfer-Encoding: identity, chunked'), 400],
  'TE leading comma': [post('Transfer-Encoding: ,chunked'), 400],
  'TE trailing comma': [post('Transfer-Encoding: chunked,'), 400],
  'TE quoted': [post('Transfer-Encoding: "chunked"'), 400],
  'TE parameter': [post('Transfer-Encoding: chunked;q=1'), 400],
  'TE vertical tab': [post('Transfer-Encoding: \vchunked'), 400],
  'TE form feed': [post('Transfer-Encoding: chunked\f'), 400],
  'TE NUL': [post('Transfer-Encoding: chunked\0'), 400],
  'TE NEL': [post('Transfer-Encoding: chunked\x85'), 400],
  'TE no-break space': [post('Transfer-Encoding: \xa0chunked'), 400],
  'TE space before the colon': [post('Transfer-Encoding : chunked'), 400],
  'TE folded': [post('Transfer-Encoding:', ' chunked'), 400],
  'TE underscore': [post('Transfer_Encoding: chunked'), 400],
  'TE empty': [post('Transfer-Encoding:'), 400],
  'TE gzip': [post('Transfer-Encoding: gzip, chunked'), 501],
  'TE in HTTP/1.0': [
    lines('POST / HTTP/1.0', `Host: ${HOST}`, 'Transfer-Encoding: chunked', '') + SMUGGLED,
    400,
  ],
  'CL.CL': [post('Content-Length: 5', 'Content-Length: 50'), 400],
  'CL.CL equal': [post('Content-Length: 5', 'Content-Length: 5'), 400],
  'CL list': [post('Content-Length: 5, 5'), 400],
  'CL plus': [post('Content-Length: +5'), 400],
  'CL minus': [post('Content-Length: -5'), 400],
  'CL hexadecimal': [post('Content-Length: 0x5'), 400],
  'CL underscore': [post('Content-Length: 1_0'), 400],
  'CL inner space': [post('Content-Length: 1 0'), 400],
  'CL empty': [post('Content-Length:'), 400],
  'CL leading zero': [post('Content-Length: 05'), 400],
  'CL huge': [post('Content-Length: 18446744073709551616'), 400],
  'chunk size 0x': [chunked('0x5\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk size plus': [chunked('+5\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk size minus': [chunked('-5\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk size underscore': [chunked('1_0\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk size after a space': [chunked(' 5\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk size before a space': [chunked('5 \r\nhello\r\n0\r\n\r\n'), 400],
  'chunk size too long': [chunked(`${'0'.repeat(13)}5\r\nhello\r\n0\r\n\r\n`), 400],
  'chunk size missing': [chunked('\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk with a bare LF': [chunked('5\nhello\r\n0\r\n\r\n'), 400],
  'chunk longer than said': [chunked('5\r\nhello!\r\n0\r\n\r\n'), 400],
  'chunk without CRLF': [chunked('5\r\nhello0\r\n\r\n'), 400],
  'chunk extension with LF': [chunked('5;a=b\nx\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk extension with CR': [chunked('5;a\rX=b\r\nhello\r\n0\r\n\r\n'), 400],
  'chunk extension too long': [chunked(`5;${'a'.repeat(300)}\r\nhello\r\n0\r\n\r\n`), 400],
  'trailer that is no field': [chunked('0\r\nGET / HTTP/1.1\r\n\r\n'), 400],
  'two hosts': [lines('GET / HTTP/1.1', `Host: ${HOST}`, `Host: ${HOST}`, ''), 400],
  'host list': [lines('GET / HTTP/1.1', `Host: ${HOST}, other`, ''), 400],
  'bare LF in the head': [`GET / HTTP/1.1\nHost: ${HOST}\n\n`, 400],
  'bare CR in a value': [get('/', 'A: b\rTransfer-Encoding: chunked'), 400],
  'CR CR at the end': [`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\rX`, 400],
  'NUL in a value': [get('/', 'A: b\0'), 400],
  'folded line': [get('/', 'A: b', ' c'), 400],
  'space before the first field': [lines('GET / HTTP/1.1', ` Host: ${HOST}`, ''), 400],
  'no colon': [get('/', 'Transfer-Encoding chunked'), 400],
  'no name': [get('/', ': chunked'), 400],
  'two spaces in the request line': [lines('GET  / HTTP/1.1', `Host: ${HOST}`, ''), 400],
  'tab in the request line': [lines('GET\t/ HTTP/1.1', `Host: ${HOST}`, ''), 400],
  'HTTP/0.9': ['GET /\r\n', 400],
  'HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  'HTTP/1.2': [lines('GET / HTTP/1.2', `Host: ${HOST}`, ''), 505],
  'host in target and field differ': [lines('GET http://a/ HTTP/1.1', `Host: ${HOST}`, ''), 400],
  'user in the target': [lines(`GET http://a@${HOST}/ HTTP/1.1`, `Host: ${HOST}`, ''), 400],
  CONNECT: [lines(`CONNECT ${HOST}:80 HTTP/1.1`, `Host: ${HOST}`, ''), 405],
  'long target': [lines(`GET /${'a'.repeat(9000)} HTTP/1.1`, `Host: ${HOST}`, ''), 414],
  'large field': [get('/', `A: ${'a'.repeat(17_000)}`), 431],
  'many fields': [get('/', ...Array.from({ length: 101 }, (_, i) => `A${i}: b`)), 431],
  'other expectation': [get('/', 'Expect: 200-ok'), 417],
}

for (const [name, [request, status]] of Object.entries(CORPUS)) {
  test(`${name} is refused with ${status}, and nothing of it is passed on`, async (t) => {
    let asked = 0
    const app = await backend(t, (_, response) => {
      asked += 1
      response.end()
    })
    const { port, serve } = await world(t)
    serve([member(app.port)])
    const answer = await ask(t, port, request)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
    assert.match(answer, /\r\nConnection: close\r\n/)
    assert.match(answer, /\r\nX-Cloudlet-Error: (?:bad-request|too-large)\r\n/)
    assert.equal(answer.match(/HTTP\/1\.1 \d{3} /g)?.length, 1)
    assert.equal(asked, 0)
    assert.equal(app.connections(), 0)
  })
}

/** What members answer that could be taken for two answers, or for none. */
const ANSWERS: Readonly<Record<string, string>> = {
  'length and coding': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
  'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
  'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
  'a coding in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a folded line': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n',
  'a bare LF': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'NUL in a value': 'HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n',
  'a switch that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
  'no HTTP at all': 'SSH-2.0-OpenSSH_9.2\r\n',
  'announcements without end': 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20),
  'a head without end': `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`,
}

for (const [name, answer] of Object.entries(ANSWERS)) {
  test(`a member that answers with ${name} becomes 502, and its connection is not used again`, async (t) => {
    const raw = await rawBackend(t, (socket) => {
      socket.on('data', () => socket.write(answer, 'latin1'))
    })
    const { port, serve } = await world(t)
    serve([member(raw.port)])
    const request = get('/') + get('/', 'Connection: close')
    const heard = (await ask(t, port, request)).replaceAll(/HTTP\/1\.1 103 .*\r\n\r\n/g, '')
    assert.equal(heard.match(/HTTP\/1\.1 502 Bad Gateway\r\n/g)?.length, 2)
    assert.equal(heard.match(/X-Cloudlet-Error: invalid-answer/g)?.length, 2)
    assert.equal(raw.connections(), 2)
  })
}
