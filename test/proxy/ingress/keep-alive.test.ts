import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawClient, ask, backend, get, lines, member, rawBackend, until, world } from './kit.ts'

test('the ingress answers by host name and keeps both connections open', async (t) => {
  const app = await backend(t, (request, response) => response.end(`hello ${request.url}`))
  const { port, serve, edge } = await world(t)
  serve([member(app.port)])
  const client = new RawClient(t, port)
  for (let i = 0; i < 20; i += 1) {
    client.say(get(`/${i}`))
    await client.hears(`hello /${i}`)
  }
  assert.equal(app.connections(), 1)
  assert.equal(edge.counters().upstreamReused, 19)
  assert.equal(edge.counters().connections, 1)
})

test('the ingress answers pipelined requests in order, one at a time', async (t) => {
  let active = 0
  let most = 0
  const app = await backend(t, (request, response) => {
    most = Math.max(most, (active += 1))
    setImmediate(() => {
      active -= 1
      response.end(`[${request.url}]`)
    })
  })
  const { port, serve } = await world(t)
  serve([member(app.port)])
  const paths = Array.from({ length: 30 }, (_, i) => `/${i}`)
  const close = get('/last', 'Connection: close')
  const answer = await ask(t, port, paths.map((path) => get(path)).join('') + close)
  assert.deepEqual(
    answer.match(/\[[^\]]*\]/g),
    [...paths, '/last'].map((path) => `[${path}]`),
  )
  assert.equal(most, 1)
})

test('a thousand pipelined requests to an unknown host are answered one by one', async (t) => {
  const { port, serve } = await world(t)
  serve([])
  const requests = get('/').repeat(1000) + get('/', 'Connection: close')
  const answer = await ask(t, port, requests)
  assert.equal(answer.match(/HTTP\/1\.1 404 /g)?.length, 1001)
})

test('a pipelined request that is no HTTP leaves the answer before it whole', async (t) => {
  const app = await backend(t, (_, response) => response.end('first answer'))
  const { port, serve } = await world(t)
  serve([member(app.port)])
  const answer = await ask(t, port, `${get('/')}GET / HTTP/1.1\nHost: x\n\n`)
  assert.match(answer, /^HTTP\/1\.1 200 .*first answer.*HTTP\/1\.1 400 /s)
})

test('an HTTP/1.0 client is answered and its connection kept only on its wish', async (t) => {
  const app = await backend(t, (_, response) => response.setHeader('content-length', 2).end('ok'))
  const { port, serve } = await world(t)
  serve([member(app.port)])
  const host = 'Host: hello.demo.localhost'
  const once = await ask(t, port, lines('GET / HTTP/1.0', host, ''))
  assert.match(once, /\r\nConnection: close\r\n/)
  const client = new RawClient(t, port)
  client.say(lines('GET / HTTP/1.0', host, 'Connection: keep-alive', ''))
  assert.match(await client.hears('ok'), /\r\nConnection: keep-alive\r\n/)
  client.say(lines('GET / HTTP/1.0', host, ''))
  await client.closed()
})

test('an HTTP/1.0 client gets a chunked answer without chunks, ended by the close', async (t) => {
  const app = await backend(t, (_, response) => {
    response.write('one ')
    response.end('two')
  })
  const { port, serve } = await world(t)
  serve([member(app.port)])
  const answer = await ask(t, port, lines('GET / HTTP/1.0', 'Host: hello.demo.cloud.local', ''))
  assert.ok(answer.endsWith('\r\n\r\none two'))
  assert.doesNotMatch(answer, /transfer-encoding/i)
})

test('bytes on an idle connection to a member end it, and reach no client', async (t) => {
  const app = await rawBackend(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      socket.once('end', () => socket.end())
      setImmediate(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'))
    })
  })
  const { port, serve } = await world(t)
  serve([member(app.port)])
  for (let i = 0; i < 10; i += 1) {
    const answer = await ask(t, port, get('/', 'Connection: close'))
    assert.ok(answer.endsWith('ok'))
    assert.ok(!answer.includes('evil'))
  }
})

test('a client that closes its half after the request still gets its answer', async (t) => {
  const app = await backend(t, (_, response) => {
    setImmediate(() => response.end('still here'))
  })
  const { port, serve } = await world(t)
  serve([member(app.port)])
  const client = new RawClient(t, port)
  client.socket.end(get('/'))
  assert.ok((await client.closed()).endsWith('still here'))
})

test('a client that goes away takes its request to the member along', async (t) => {
  let isAborted = false
  let isAsked = false
  const app = await backend(t, (request) => {
    isAsked = true
    request.on('close', () => (isAborted = true))
  })
  const { port, serve } = await world(t)
  serve([member(app.port)])
  const client = new RawClient(t, port)
  client.say(get('/'))
  await until(
    () => isAsked,
    () => 'the request',
  )
  client.socket.resetAndDestroy()
  await until(
    () => isAborted,
    () => 'the end of the request',
  )
})
