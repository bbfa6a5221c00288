import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { HOST, RawClient, backend, get, lines, member, rawBackend, until, world } from './kit.ts'

const MIB = 1024 * 1024
const SIZE_MIB = 64
/** What the ingress may hold of one transfer: buffers of four sockets, and some for the machine. */
const HELD_MIB = 24

test('a download of 64 MiB arrives whole and is never held as a whole', async (t) => {
  const hash = createHash('sha256')
  let sentMib = 0
  const port = await app(t, (_, response) => {
    const next = (): void => {
      while (sentMib < SIZE_MIB) {
        const piece = Buffer.alloc(MIB, sentMib)
        hash.update(piece)
        sentMib += 1
        if (!response.write(piece)) {
          response.once('drain', next)
          return
        }
      }
      response.end()
    }
    next()
  })
  const response = await ask(port, { path: '/', headers: { host: HOST } })
  const received = createHash('sha256')
  let receivedBytes = 0
  let mostAhead = 0
  for await (const piece of response) {
    // The client is made the slower side, so that whoever buffers has to.
    await new Promise(setImmediate)
    receivedBytes += piece.length
    received.update(piece)
    mostAhead = Math.max(mostAhead, sentMib - receivedBytes / MIB)
  }
  assert.equal(receivedBytes, SIZE_MIB * MIB)
  assert.equal(received.digest('hex'), hash.digest('hex'))
  assert.ok(mostAhead < HELD_MIB, `the member was ${mostAhead} MiB ahead of the client`)
})

for (const framing of ['Content-Length', 'chunked'] as const) {
  test(`an upload of 64 MiB (${framing}) arrives whole and is never held as a whole`, async (t) => {
    let sentMib = 0
    let mostAhead = 0
    const read = async (request: IncomingMessage): Promise<string> => {
      const hash = createHash('sha256')
      let receivedBytes = 0
      for await (const piece of request) {
        // The member is made the slower side, so that whoever buffers has to.
        await new Promise(setImmediate)
        receivedBytes += piece.length
        hash.update(piece)
        mostAhead = Math.max(mostAhead, sentMib - receivedBytes / MIB)
      }
      return `${receivedBytes} ${hash.digest('hex')}`
    }
    const port = await app(t, (request, response) => {
      void read(request).then((sum) => response.end(sum))
    })
    const length = framing === 'chunked' ? {} : { 'content-length': SIZE_MIB * MIB }
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/',
      headers: { host: HOST, ...length },
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve)
      request.on('error', reject)
    })
    const hash = createHash('sha256')
    while (sentMib < SIZE_MIB) {
      const piece = Buffer.alloc(MIB, sentMib)
      hash.update(piece)
      sentMib += 1
      if (!request.write(piece)) await new Promise((resolve) => request.once('drain', resolve))
    }
    request.end()
    assert.equal(await text(await answered), `${SIZE_MIB * MIB} ${hash.digest('hex')}`)
    assert.ok(mostAhead < HELD_MIB, `the client was ${mostAhead} MiB ahead of the member`)
  })
}

test('content that comes while the answer streams is passed on both ways', async (t) => {
  const port = await app(t, (request, response) => {
    request.on('data', (piece: Buffer) => response.write(piece.toString().toUpperCase()))
    request.on('end', () => response.end('END'))
  })
  const client = new RawClient(t, port)
  client.say(lines('POST / HTTP/1.1', `Host: ${HOST}`, 'Transfer-Encoding: chunked', ''))
  client.say('3\r\none\r\n')
  await client.hears('ONE')
  client.say('3;ext=dropped\r\ntwo\r\n')
  await client.hears('TWO')
  client.say('0\r\nTrailer: dropped\r\n\r\n')
  await client.hears('END')
})

test('an event of a stream arrives at once, however small', async (t) => {
  const events: (() => void)[] = []
  const port = await app(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    events.push(() => response.write('data: tick\n\n'))
  })
  const client = new RawClient(t, port)
  client.say(get('/'))
  const head = await client.hears('text/event-stream')
  assert.ok(!head.includes('tick'))
  for (let i = 1; i <= 3; i += 1) {
    events[0]?.()
    await until(
      () => client.text.split('tick').length === i + 1,
      () => `event ${i}`,
    )
  }
})

test('a client that does not read stops the member, and gets the rest when it reads', async (t) => {
  let sent = 0
  const port = await app(t, (_, response) => {
    const piece = Buffer.alloc(64 * 1024)
    const next = (): void => {
      while (sent < 512) {
        sent += 1
        if (!response.write(piece)) {
          response.once('drain', next)
          return
        }
      }
      response.end('the end')
    }
    next()
  })
  const client = new RawClient(t, port)
  client.socket.pause()
  client.say(get('/'))
  let before = -1
  await until(
    () => {
      const isStill = sent > 0 && sent === before
      before = sent
      return isStill
    },
    () => 'the member to stop',
  )
  assert.ok(sent < 512)
  client.socket.resume()
  await client.hears('the end')
})

test('HEAD, 204 and 304 have no content, whatever their fields say', async (t) => {
  const port = await app(t, (request, response) => {
    if (request.url === '/204') response.writeHead(204).end()
    else if (request.url === '/304') response.writeHead(304, { etag: '"a"' }).end()
    else response.setHeader('content-length', 1234).end()
  })
  const client = new RawClient(t, port)
  client.say(lines('HEAD / HTTP/1.1', `Host: ${HOST}`, '') + get('/204') + get('/304'))
  const heard = await client.hears('HTTP/1.1 304')
  assert.match(heard, /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*content-length: 1234\r\n/i)
  assert.match(heard, /\r\n\r\nHTTP\/1\.1 204 /)
  assert.doesNotMatch(heard, /transfer-encoding/i)
})

test('announcements (1xx) come before the answer, and 100 only to who expects it', async (t) => {
  const port = await app(t, (request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    request.resume().on('end', () => response.end('done'))
  })
  const client = new RawClient(t, port)
  const length = ['POST / HTTP/1.1', `Host: ${HOST}`, 'Content-Length: 4']
  client.say(lines(...length, 'Expect: 100-continue', ''))
  await client.hears('HTTP/1.1 100 Continue\r\n\r\n')
  client.say('body')
  const first = await client.hears('done')
  assert.match(first, /HTTP\/1\.1 103 Early Hints\r\nlink: .*HTTP\/1\.1 200 OK/is)
  client.say(`${lines(...length, '')}body${get('/end', 'Connection: close')}`)
  const all = await client.closed()
  assert.equal(all.split('HTTP/1.1 100').length, 2)
})

test('an answer before the content is complete ends the connection after it', async (t) => {
  const member1 = await rawBackend(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    })
  })
  const { port, serve, edge } = await world(t)
  serve([member(member1.port)])
  const client = new RawClient(t, port)
  client.say(lines('POST / HTTP/1.1', `Host: ${HOST}`, 'Content-Length: 1000', '') + 'part')
  const answer = await client.closed()
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
  assert.match(answer, /\r\nConnection: close\r\n/)
  client.say(get('/must-not-be-read'))
  assert.equal(edge.counters().requests, 1)
  assert.equal(member1.connections(), 1)
})

async function app(t: TestContext, listener: RequestListener): Promise<number> {
  const { port: backendPort } = await backend(t, listener)
  const { port, serve } = await world(t)
  serve([member(backendPort)])
  return port
}

async function ask(
  port: number,
  options: { readonly path: string; readonly headers: Record<string, string> },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, ...options }, resolve)
      .on('error', reject)
      .end()
  })
}

async function text(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
