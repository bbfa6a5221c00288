import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { test } from 'node:test'
import { ask, backend, get, HOST, member, rawBackend, until } from './kit.ts'
import { askHttp2, http2Client, other, secureWorld } from './tls-kit.ts'

test('a request over HTTP/2 is answered by the member, which is asked in HTTP/1.1', async (t) => {
  const { port } = await backend(t, (request, response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2'])
    response.setHeader('Keep-Alive', 'timeout=5')
    response.end(JSON.stringify({ url: request.url, ...request.headers }))
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const answer = await askHttp2(session, { ':path': '/a?b=c', cookie: ['x=1', 'y=2'] })
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(answer.headers['keep-alive'], undefined)
  assert.equal(answer.headers.connection, undefined)
  const seen: unknown = JSON.parse(answer.body)
  assert.partialDeepStrictEqual(seen, {
    url: '/a?b=c',
    host: HOST,
    cookie: 'x=1; y=2',
    'x-forwarded-proto': 'https',
  })
})

test('a cookie for the domain of all tenants is dropped, over HTTP/1.1 and HTTP/2', async (t) => {
  const { port } = await backend(t, (_request, response) => {
    response.setHeader('Set-Cookie', ['a=1; Domain=cloud.local', 'b=2; Domain=demo.cloud.local'])
    response.end('ok')
  })
  const { serve, port: clear, securePort } = await secureWorld(t)
  serve([member(port)])
  const { headers } = await askHttp2(await http2Client(t, securePort), {})
  assert.deepEqual(headers['set-cookie'], ['b=2; Domain=demo.cloud.local'])
  const answer = await ask(t, clear, get('/', 'Connection: close'))
  assert.deepEqual(answer.match(/Set-Cookie.*/g), ['Set-Cookie: b=2; Domain=demo.cloud.local'])
})

test('content goes both ways, with and without a length', async (t) => {
  const { port } = await backend(t, (request, response) => {
    const hash = createHash('sha256')
    request.on('data', (bytes: Buffer) => hash.update(bytes))
    request.on('end', () => {
      const { 'content-length': length = 'none' } = request.headers
      response.end(`${length} ${hash.digest('hex')}`)
    })
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const content = Buffer.alloc(3_000_000, 'content ')
  const hash = createHash('sha256').update(content).digest('hex')
  const open = await askHttp2(session, { ':method': 'POST' }, content)
  assert.equal(open.body, `none ${hash}`)
  const known = { ':method': 'POST', 'content-length': content.length }
  assert.equal((await askHttp2(session, known, content)).body, `${content.length} ${hash}`)
  assert.equal((await askHttp2(session, { ':method': 'POST' }, '')).body.slice(0, 5), 'none ')
})

test('a large answer arrives whole while the client takes it slowly', async (t) => {
  const content = Buffer.alloc(8_000_000, 'answer ')
  const { port } = await backend(t, (_request, response) => response.end(content))
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const stream = session.request({ ':authority': HOST })
  const hash = createHash('sha256')
  let size = 0
  for await (const bytes of stream) {
    if (!(bytes instanceof Buffer)) continue
    hash.update(bytes)
    size += bytes.length
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(size, content.length)
  assert.equal(hash.digest('hex'), createHash('sha256').update(content).digest('hex'))
})

test('streams of one connection do not wait for each other', async (t) => {
  const waiting: (() => void)[] = []
  const { port } = await backend(t, (request, response) => {
    if (request.url === '/slow') waiting.push(() => response.end('slow'))
    else response.end('quick')
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const slow = askHttp2(session, { ':path': '/slow' })
  for (let i = 0; i < 20; i++) assert.equal((await askHttp2(session, {})).body, 'quick')
  for (const go of waiting) go()
  assert.equal((await slow).body, 'slow')
})

test('HEAD, 204 and 304 have no content, and an announcement comes before its answer', async (t) => {
  const { port } = await backend(t, (request, response) => {
    const status = { '/204': 204, '/304': 304 }[request.url ?? '']
    if (status !== undefined) {
      response.writeHead(status).end()
      return
    }
    if (request.url === '/103') response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.setHeader('Content-Length', 2).end('ok')
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const head = await askHttp2(session, { ':method': 'HEAD' })
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '2', ''])
  assert.equal((await askHttp2(session, { ':path': '/204' })).status, 204)
  assert.equal((await askHttp2(session, { ':path': '/304' })).status, 304)
  const stream = session.request({ ':authority': HOST, ':path': '/103' })
  const [hints] = await once(stream, 'headers')
  assert.partialDeepStrictEqual(hints, { ':status': 103, link: '</a.css>; rel=preload' })
  stream.resume()
  await once(stream, 'close')
})

for (const framing of [
  'Content-Length: 100\r\n\r\nsome',
  'Transfer-Encoding: chunked\r\n\r\n4\r\nsome',
]) {
  test(`an answer cut short is reset, never ended: ${framing.split(':')[0]}`, async (t) => {
    const { port } = await rawBackend(t, (socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${framing}`)
        setImmediate(() => socket.destroy())
      })
    })
    const { serve, securePort } = await secureWorld(t)
    serve([member(port)])
    const session = await http2Client(t, securePort)
    await assert.rejects(askHttp2(session, {}), /INTERNAL_ERROR/)
  })
}

test('an answer that comes before the content is complete is whole, and ends the upload', async (t) => {
  const { port } = await rawBackend(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge')
    })
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const stream = session.request({ ':authority': HOST, ':method': 'POST' })
  stream.write('some')
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 413)
  stream.resume()
  await once(stream, 'close')
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
  assert.equal(session.closed, false)
})

test('a stream that the client gives up lets go of its member', async (t) => {
  let closed = 0
  const { port } = await rawBackend(t, (socket) => {
    socket.on('close', () => (closed += 1)).resume()
    socket.on('end', () => socket.end())
  })
  const { serve, securePort, edge } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const stream = session.request({ ':authority': HOST })
  stream.on('error', () => undefined)
  await until(
    () => edge.counters().upstreamOpened === 1,
    () => 'a connection to the member',
  )
  stream.close(constants.NGHTTP2_CANCEL)
  await until(
    () => closed === 1,
    () => 'its end',
  )
  assert.equal(edge.counters().aborted, 1)
})

const REFUSED: readonly (readonly [
  what: string,
  headers: Record<string, string>,
  status: number,
])[] = [
  ['an unknown host', { ':authority': 'nobody.demo.cloud.local' }, 404],
  [
    'a host of another tenant than the certificate',
    { ':authority': 'shop.other.cloud.local' },
    421,
  ],
  ['a Host that is not the :authority', { host: 'shop.other.cloud.local' }, 400],
  ['an underscore in a name', { x_forwarded_for: '1.2.3.4' }, 400],
  ['an expectation that is not offered', { expect: 'wonders' }, 417],
]
for (const [what, headers, status] of REFUSED) {
  test(`${what} over HTTP/2: ${status}`, async (t) => {
    const { port } = await backend(t, (_request, response) => response.end('ok'))
    const { serve, securePort } = await secureWorld(t)
    serve([member(port), other(member(port))])
    const session = await http2Client(t, securePort)
    const answer = await askHttp2(session, headers)
    assert.equal(answer.status, status)
    assert.equal((await askHttp2(session, {})).status, 200)
  })
}

test('a WebSocket over HTTP/2 becomes a handshake of HTTP/1.1, and bytes go both ways', async (t) => {
  const seen: string[] = []
  const { port } = await rawBackend(t, (socket) => {
    socket.once('data', (bytes) => {
      seen.push(bytes.toString('latin1'))
      const fields = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n'
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\nearly`)
      socket.on('data', (more) => socket.write(more))
      socket.on('end', () => socket.end())
    })
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings')
  const stream = session.request(
    {
      ':authority': HOST,
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':path': '/chat',
      'sec-websocket-version': '13',
    },
    { endStream: false },
  )
  let heard = ''
  stream.on('data', (bytes: Buffer) => (heard += String(bytes)))
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 200)
  assert.equal(headers['sec-websocket-accept'], undefined)
  stream.write('hello')
  await until(
    () => heard === 'earlyhello',
    () => `the echo in ${heard}`,
  )
  assert.match(seen.join(''), /^GET \/chat HTTP\/1\.1\r\n/)
  assert.match(seen.join(''), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/)
  assert.match(seen.join(''), /\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/)
  stream.end()
  await once(stream, 'close')
})

test('a stream whose WebSocket the member refuses ends with the answer, also where the client does not end it', async (t) => {
  const { port } = await rawBackend(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'))
  })
  const { serve, securePort, edge } = await secureWorld(t)
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const asked = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', ':authority': HOST }
  const stream = session.request(asked, { endStream: false })
  const [headers]: { ':status'?: number }[] = await once(stream, 'response')
  assert.equal(headers?.[':status'], 403)
  assert.equal(String(Buffer.concat(await stream.toArray())), 'no')
  await until(
    () => stream.closed,
    () => 'the end of the stream',
  )
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
  session.close()
  await until(
    () => edge.counters().open === 0,
    () => 'the end of the connection',
  )
})

test('an ingress that drains answers what is under way, and takes no more', async (t) => {
  const waiting: (() => void)[] = []
  const { port } = await backend(t, (_request, response) => {
    waiting.push(() => response.end('late'))
  })
  const { serve, securePort, edge } = await secureWorld(t, { drainIdleMs: 50 })
  serve([member(port)])
  const session = await http2Client(t, securePort)
  const answer = askHttp2(session, {})
  await until(
    () => waiting.length === 1,
    () => 'the request',
  )
  const drained = edge.drain(5000)
  await once(session, 'goaway')
  for (const go of waiting) go()
  assert.equal((await answer).body, 'late')
  await drained
})
