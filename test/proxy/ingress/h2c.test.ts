import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import {
  constants,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { test, type TestContext } from 'node:test'
import type { IngressLimits } from '../../../proxy/ingress/limits.ts'
import { backend, HOST, member, table, until } from './kit.ts'
import { askHttp2, http2Client, secureWorld } from './tls-kit.ts'

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

/** A member that speaks HTTP/2 alone, by prior knowledge. */
async function h2cBackend(t: TestContext, onStream: OnStream, options = {}) {
  const server: Http2Server = createServer(options)
  const sessions: ServerHttp2Session[] = []
  server.on('session', (session) => {
    session.on('error', () => undefined)
    sessions.push(session)
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    onStream(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { port: address.port, sessions }
}

interface Wanted {
  readonly limits?: Partial<IngressLimits>
  readonly options?: object
}

async function world(t: TestContext, onStream: OnStream, { limits, options }: Wanted = {}) {
  const app = await h2cBackend(t, onStream, options)
  const { serve, port, securePort, edge } = await secureWorld(t, limits)
  serve([member(app.port, { protocol: 'h2c' })])
  const session = await http2Client(t, securePort)
  return { app, edge, port, session }
}

interface Call {
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders | undefined
  readonly body: string
  readonly isWhole: boolean
  readonly code: number
}

/** One call as a client of gRPC makes it. */
function called(
  session: ClientHttp2Session,
  content: string,
  trailers?: OutgoingHttpHeaders,
): Promise<Call> {
  const stream = session.request(
    { ':method': 'POST', ':path': '/echo.Echo/Say', ':authority': HOST, te: 'trailers' },
    { endStream: false, waitForTrailers: trailers !== undefined },
  )
  stream.setEncoding('utf8')
  let [headers, body, isWhole]: [IncomingHttpHeaders, string, boolean] = [{}, '', false]
  let got: IncomingHttpHeaders | undefined
  stream.on('response', (fields, flags) => {
    headers = fields
    isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
  })
  stream.on('trailers', (fields) => (got = fields))
  stream.on('data', (text: string) => (body += text))
  if (trailers) stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.on('error', () => undefined)
  stream.end(content)
  return new Promise((resolve) => {
    stream.on('close', () => {
      resolve({ headers, trailers: got, body, isWhole, code: stream.rstCode })
    })
  })
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' }

test('a call with its status in trailers passes, and its trailers too', async (t) => {
  const asked: IncomingHttpHeaders[] = []
  let trailers: IncomingHttpHeaders = {}
  const { session } = await world(t, (stream, headers) => {
    asked.push(headers)
    stream.on('trailers', (fields) => (trailers = fields))
    stream.respond(GRPC, { waitForTrailers: true })
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '5', 'grpc-message': 'no such thing', 'x-bin': 'AAE=' })
    })
    stream.pipe(stream)
  })
  const sent = { 'x-checksum': 'abc', authorization: 'not here', 'x-cloudlet-edge': 'nor this' }
  const { headers, body, ...call } = await called(session, 'a message', sent)
  assert.deepEqual([headers[':status'], headers['content-type']], [200, 'application/grpc'])
  assert.equal(body, 'a message')
  assert.deepEqual(Object.entries(call.trailers ?? {}), [
    ['grpc-status', '5'],
    ['grpc-message', 'no such thing'],
    ['x-bin', 'AAE='],
  ])
  assert.equal(call.code, 0)
  assert.deepEqual(Object.entries(trailers), [['x-checksum', 'abc']])
  const [first] = asked
  assert.deepEqual(
    [first?.[':method'], first?.[':path'], first?.[':authority'], first?.['te']],
    ['POST', '/echo.Echo/Say', HOST, 'trailers'],
  )
  assert.equal(first?.['x-forwarded-proto'], 'https')
})

test('an answer that is its trailers alone ends with its head', async (t) => {
  const { session } = await world(t, (stream) => {
    stream.resume().respond({ ...GRPC, 'grpc-status': '12' }, { endStream: true })
  })
  const { headers, isWhole, body, code } = await called(session, 'x')
  assert.deepEqual([headers['grpc-status'], isWhole, body, code], ['12', true, '', 0])
})

test('both sides speak when they like', async (t) => {
  const { session } = await world(t, (stream) => {
    stream.respond(GRPC, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.setEncoding('utf8').on('data', (text: string) => stream.write(`${text}!`))
    stream.on('end', () => stream.end())
  })
  const fields = { ':method': 'POST', ':path': '/', ':authority': HOST, te: 'trailers' }
  const stream = session.request(fields, { endStream: false })
  let heard = ''
  stream.setEncoding('utf8').on('data', (text: string) => (heard += text))
  const trailed = once(stream, 'trailers')
  for (const word of ['one', 'two', 'three']) {
    const before = heard
    stream.write(word)
    // oxlint-disable-next-line no-await-in-loop -- word by word
    await until(
      () => heard === `${before}${word}!`,
      () => `an answer to ${word}`,
    )
  }
  stream.end()
  const [trailers] = await trailed
  assert.equal(trailers['grpc-status'], '0')
})

test('a client of HTTP/1.1 is answered by such an app, without trailers', async (t) => {
  const { port } = await world(t, (stream, headers) => {
    stream.respond({ ':status': 201, 'x-path': headers[':path'] }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-late': '1' }))
    stream.pipe(stream)
  })
  const options = { port, host: '127.0.0.1', path: '/a?b', method: 'POST', headers: { host: HOST } }
  const request = httpRequest(options)
  request.write('part ')
  request.end('by part')
  const [response] = await once(request, 'response')
  let body = ''
  for await (const bytes of response) body += String(bytes)
  assert.deepEqual(
    [response.statusCode, response.headers['x-path'], body],
    [201, '/a?b', 'part by part'],
  )
  assert.deepEqual([response.headers['transfer-encoding'], response.trailers], ['chunked', {}])
})

test('HEAD, 204, 304 and a length are as with any other app', async (t) => {
  const { session } = await world(t, (stream, headers) => {
    const status = Number(String(headers[':path']).slice(1))
    if (headers[':method'] === 'HEAD')
      stream.respond({ 'content-length': '7' }, { endStream: true })
    else if (status !== 200) stream.respond({ ':status': status }, { endStream: true })
    else {
      stream.respond({ 'content-length': '7' })
      stream.end('content')
    }
  })
  const head = await askHttp2(session, { ':method': 'HEAD', ':path': '/200' })
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '7', ''])
  for (const status of [204, 304]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await askHttp2(session, { ':path': `/${status}` })
    assert.deepEqual([answer.status, answer.body], [status, ''])
  }
  const whole = await askHttp2(session, { ':path': '/200' })
  assert.deepEqual([whole.headers['content-length'], whole.body], ['7', 'content'])
})

test('many requests share one connection to the member', async (t) => {
  const { app, session } = await world(t, (stream) => stream.respond({}, { endStream: true }))
  const many = Array.from({ length: 50 }, () => askHttp2(session, { ':path': '/' }))
  const answers = await Promise.all(many)
  assert.ok(answers.every(({ status }) => status === 200))
  assert.equal(app.sessions.length, 1)
})

test('a member that takes few streams is asked over several connections', async (t) => {
  const settings = { maxConcurrentStreams: 2 }
  let running = 0
  const open: ServerHttp2Stream[] = []
  const { app, session } = await world(
    t,
    (stream) => {
      running += 1
      open.push(stream)
    },
    { options: { settings } },
  )
  await Promise.all([
    // Its first settings are known after the first answer.
    askHttp2(session, { ':path': '/' }),
    until(
      () => running === 1,
      () => 'the first',
    ).then(() => open[0]?.respond({}, { endStream: true })),
  ])
  const asked = Array.from({ length: 6 }, () => askHttp2(session, { ':path': '/' }))
  await until(
    () => running === 7,
    () => `all at once, and not ${running}`,
  )
  for (const stream of open.slice(1)) stream.respond({}, { endStream: true })
  await Promise.all(asked)
  assert.ok(app.sessions.length >= 3)
})

test('a reset goes on to the other side, with its reason', async (t) => {
  const codes: number[] = []
  const { session } = await world(t, (stream, headers) => {
    if (headers[':path'] === '/wait') {
      stream.respond({})
      stream.write('begun')
      stream.on('close', () => codes.push(stream.rstCode))
    } else stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  })
  const { code } = await called(session, 'x')
  assert.equal(code, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  const stream = session.request({ ':path': '/wait', ':authority': HOST })
  stream.on('error', () => undefined)
  await once(stream, 'data')
  stream.close(constants.NGHTTP2_CANCEL)
  await until(
    () => codes.length > 0,
    () => 'the reset',
  )
  assert.deepEqual(codes, [constants.NGHTTP2_CANCEL])
})

test('a stream that is reset in the middle of its answer is cut for the client', async (t) => {
  const { session } = await world(t, (stream) => {
    // Node ends a stream in order before it resets it, unless trailers are still to come.
    stream.respond(GRPC, { waitForTrailers: true })
    stream.on('wantTrailers', () => undefined)
    stream.write('half')
    setImmediate(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  })
  const { code, trailers } = await called(session, 'x')
  assert.deepEqual([code, trailers], [constants.NGHTTP2_INTERNAL_ERROR, undefined])
})

test('a refused stream is asked for again, whatever its method', async (t) => {
  let refused = 0
  const { session } = await world(t, (stream) => {
    if (refused < 1) {
      refused += 1
      stream.close(constants.NGHTTP2_REFUSED_STREAM)
    } else stream.resume().respond({}, { endStream: true })
  })
  const answer = await askHttp2(session, { ':method': 'POST', ':path': '/', 'content-length': '0' })
  assert.deepEqual([answer.status, refused], [200, 1])
})

test('a member that goes away takes no request with it that comes later', async (t) => {
  const { app, session } = await world(t, (stream) => stream.respond({}, { endStream: true }))
  assert.equal((await askHttp2(session, { ':path': '/' })).status, 200)
  app.sessions[0]?.close()
  await until(
    () => app.sessions[0]?.closed === true,
    () => 'the end of the session',
  )
  assert.equal((await askHttp2(session, { ':path': '/' })).status, 200)
  assert.equal(app.sessions.length, 2)
})

test('one that speaks no HTTP/2, or is not there, is an answer of ours', async (t) => {
  const { session, edge } = await world(t, (stream) => stream.respond({}, { endStream: true }))
  const { port: plain } = await backend(t, (_request, response) => response.end())
  edge.update({ table: table([member(plain, { protocol: 'h2c' })], 1000) })
  assert.equal((await askHttp2(session, { ':path': '/' })).status, 502)
})

test('a slow client holds up its own stream alone, and memory stays bounded', async (t) => {
  const [piece, pieces] = [Buffer.alloc(64 * 1024), 512]
  let sent = 0
  const { session } = await world(t, (stream, headers) => {
    if (headers[':path'] === '/quick') return stream.respond({}, { endStream: true })
    stream.respond({})
    const more = (): void => {
      while (sent < pieces) {
        sent += 1
        if (!stream.write(piece)) return void stream.once('drain', more)
      }
      stream.end()
    }
    return more()
  })
  const slow = session.request({ ':path': '/slow', ':authority': HOST })
  let got = 0
  slow.pause()
  await once(slow, 'response')
  let before = -1
  await until(
    () => {
      const isStill = sent > 0 && sent === before
      before = sent
      return isStill
    },
    () => 'the member to be held up',
  )
  assert.ok(sent < pieces / 2, `${sent} pieces were taken from the member`)
  assert.equal((await askHttp2(session, { ':path': '/quick' })).status, 200)
  slow.on('data', (bytes: Buffer) => (got += bytes.length))
  slow.resume()
  await once(slow, 'end')
  assert.equal(got, piece.length * pieces)
})

test('a slow member holds up the client', async (t) => {
  let taken: ServerHttp2Stream | undefined
  const { session } = await world(t, (stream) => {
    stream.pause()
    taken = stream
  })
  const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': HOST })
  const piece = Buffer.alloc(64 * 1024)
  const pieces = 256
  let written = 0
  for (let i = 0; i < pieces; i++) stream.write(piece, () => (written += 1))
  stream.end()
  let before = -1
  await until(
    () => {
      const isStill = taken !== undefined && written > 0 && written === before
      before = written
      return isStill
    },
    () => 'the client to be held up',
  )
  assert.ok(written < pieces / 2, `${written} pieces were taken from the client`)
  let got = 0
  taken?.on('data', (bytes: Buffer) => (got += bytes.length))
  taken?.on('end', () => taken?.respond({}, { endStream: true }))
  taken?.resume()
  const [headers] = await once(stream, 'response')
  assert.deepEqual([headers[':status'], got], [200, piece.length * pieces])
})
