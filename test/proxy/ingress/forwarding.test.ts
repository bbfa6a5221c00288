import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import * as fc from 'fast-check'
import { HOST, RawClient, ask, backend, get, lines, member, until, world } from './kit.ts'

test('a member learns who asks from us alone', async (t) => {
  const { port, seen } = await mirror(t)
  const lies = ['X-Forwarded-For: 1.1.1.1', 'X-Real-IP: 1.1.1.1', 'Forwarded: for=1.1.1.1']
  await ask(t, port, get('/', ...lies, 'X-Request-Id: mine', 'Connection: close, x-real-ip'))
  assert.deepEqual(seen[0], {
    host: HOST,
    'x-forwarded-for': '127.0.0.1',
    'x-real-ip': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': HOST,
    forwarded: `for=127.0.0.1;host="${HOST}";proto=http`,
    'x-request-id': 'request-1',
    via: '1.1 cloudlet-test',
  })
})

test('the host reaches the member as the client wrote it', async (t) => {
  const { port, seen } = await mirror(t)
  const host = 'HELLO.Demo.localhost.:8080'
  await ask(t, port, lines('GET / HTTP/1.1', `Host: ${host}`, 'Connection: close', ''))
  assert.equal(seen[0]?.host, host)
})

test('a request that comes by again and again is a loop', async (t) => {
  const { port, seen } = await mirror(t)
  const via = Array.from({ length: 5 }, () => 'Via: 1.1 cloudlet-test')
  assert.match(
    await ask(t, port, get('/', ...via.slice(1), 'Connection: close')),
    /^HTTP\/1\.1 200 /,
  )
  assert.match(await ask(t, port, get('/', ...via, 'Connection: close')), /^HTTP\/1\.1 508 /)
  assert.equal(seen.length, 1)
})

test('content that is too large is 413', async (t) => {
  const { port } = await mirror(t, { bodyBytes: 10 })
  const post = ['POST / HTTP/1.1', `Host: ${HOST}`] as const
  const length = await ask(t, port, lines(...post, 'Content-Length: 11', ''))
  assert.match(length, /^HTTP\/1\.1 413 Content Too Large\r\n/)
  const client = new RawClient(t, port)
  client.say(`${lines(...post, 'Transfer-Encoding: chunked', '')}a\r\n0123456789\r\n`)
  client.say('1\r\nx\r\n')
  assert.match(await client.closed(), /^HTTP\/1\.1 413 /)
})

test('after a great deal of garbage the ingress still answers', async (t) => {
  const { port, edge } = await mirror(t)
  const piece = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    `Host: ${HOST}\r\n`,
    '\r\n',
    'A: b',
    '\0',
    '5\r\n',
  )
  const garbage = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => String.fromCharCode(...bytes)),
  )
  for (const text of fc.sample(garbage, 500)) {
    const client = new RawClient(t, port)
    client.socket.end(text, 'latin1')
  }
  await until(
    () => edge.counters().connections === 500,
    () => 'all connections',
  )
  await until(
    () => edge.counters().open === 0,
    () => 'the end of all connections',
  )
  assert.match(await ask(t, port, get('/', 'Connection: close')), /^HTTP\/1\.1 200 /)
})

interface Mirror extends Awaited<ReturnType<typeof world>> {
  readonly seen: readonly IncomingHttpHeaders[]
}

/** An app that remembers the fields of each request. */
async function mirror(t: TestContext, limits = {}): Promise<Mirror> {
  const seen: IncomingHttpHeaders[] = []
  const app = await backend(t, (request, response) => {
    seen.push(request.headers)
    request.resume().on('end', () => response.end('ok'))
  })
  const made = await world(t, limits)
  made.serve([member(app.port)])
  return { ...made, seen }
}
