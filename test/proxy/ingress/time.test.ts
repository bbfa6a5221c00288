import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  HOST,
  RawClient,
  ask,
  backend,
  get,
  lines,
  member,
  rawBackend,
  until,
  world,
} from './kit.ts'

test('a head that does not arrive in time is answered with 408', async (t) => {
  const { port, serve } = await world(t, { headMs: 60 })
  serve([])
  const client = new RawClient(t, port)
  client.say('GET / HTTP/1.1\r\nHost: ')
  assert.match(await client.closed(), /^HTTP\/1\.1 408 Request Timeout\r\n/)
})

test('content that stops coming is answered with 408', async (t) => {
  const app = await backend(t, (request) => request.resume())
  const { port, serve } = await world(t, { bodyGapMs: 60 })
  serve([member(app.port)])
  const request = lines('POST / HTTP/1.1', `Host: ${HOST}`, 'Content-Length: 10', '')
  assert.match(await ask(t, port, `${request}half`), /^HTTP\/1\.1 408 /)
})

test('an idle connection is closed without a word', async (t) => {
  const { port } = await world(t, { idleMs: 60 })
  assert.equal(await ask(t, port, ''), '')
})

test('a member that says nothing becomes 504', async (t) => {
  const app = await backend(t, () => undefined)
  const { port, serve } = await world(t, { responseHeadMs: 60 })
  serve([member(app.port)])
  const answer = await ask(t, port, get('/', 'Connection: close'))
  assert.match(answer, /^HTTP\/1\.1 504 Gateway Timeout\r\n[^]*X-Cloudlet-Error: timeout/)
})

test('a client that takes nothing for long is cut', async (t) => {
  let isCut = false
  const app = await backend(t, (_, response) => {
    response.on('close', () => (isCut = true))
    const more = (): void => {
      if (response.write('x'.repeat(65536))) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })
  const { port, serve } = await world(t, { writeStallMs: 60 })
  serve([member(app.port)])
  const client = new RawClient(t, port)
  client.socket.pause()
  client.say(get('/'))
  await until(
    () => isCut,
    () => 'the cut',
  )
})

test('a connection to a member is not used again after it has rested for long', async (t) => {
  const app = await backend(t, (_, response) => response.end('ok'))
  const { port, serve } = await world(t, { upstreamIdleMs: 30 })
  serve([member(app.port)])
  const client = new RawClient(t, port)
  client.say(get('/1'))
  await client.hears('ok')
  const begun = Date.now()
  await until(
    () => Date.now() - begun > 100,
    () => 'time to pass',
  )
  client.say(get('/2', 'Connection: close'))
  await client.closed()
  assert.equal(app.connections(), 2)
})

test('draining finishes what is under way, closes what is idle, and takes nothing new', async (t) => {
  const finish: (() => void)[] = []
  const app = await backend(t, (_, response) => {
    finish.push(() => response.end('finished'))
  })
  const { port, serve, edge } = await world(t, { drainIdleMs: 50 })
  serve([member(app.port)])
  const idle = new RawClient(t, port)
  const busy = new RawClient(t, port)
  busy.say(get('/'))
  await until(
    () => finish.length === 1 && edge.counters().open === 2,
    () => 'both',
  )
  const drained = edge.drain(5_000)
  await idle.closed()
  const late = new RawClient(t, port)
  await late.closed()
  assert.equal(late.text, '')
  finish[0]?.()
  const answer = await busy.closed()
  assert.match(answer, /Connection: close\r\n[^]*finished/)
  await drained
  assert.equal(edge.counters().open, 0)
})

test('draining answers a request that comes over an idle connection, and says it was the last', async (t) => {
  const app = await backend(t, (_, response) => response.end('served'))
  const { port, serve, edge } = await world(t)
  serve([member(app.port)])
  const idle = new RawClient(t, port)
  await until(
    () => edge.counters().open === 1,
    () => 'the connection',
  )
  const drained = edge.drain(5_000)
  idle.say(get('/'))
  assert.match(await idle.closed(), /Connection: close\r\n[^]*served/)
  await drained
})

test('draining cuts what does not end within the grace', async (t) => {
  const raw = await rawBackend(t, () => undefined)
  const { port, serve, edge } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(get('/'))
  await until(
    () => raw.connections() === 1,
    () => 'the request',
  )
  await edge.drain(50)
  await client.closed()
  assert.equal(client.text, '')
})

test('whoever comes when too many are connected is answered 503', async (t) => {
  const { port, edge } = await world(t, { connections: 1 })
  const first = new RawClient(t, port)
  await until(
    () => edge.counters().open === 1,
    () => 'the first',
  )
  assert.match(await new RawClient(t, port).closed(), /^HTTP\/1\.1 503 /)
  assert.ok(!first.isClosed)
})

test('two ingresses listen on one port with reusePort', async (t) => {
  const one = await world(t)
  const two = await world(t)
  const { signal } = new AbortController()
  const address = { host: '127.0.0.1', reusePort: true }
  const { port } = await one.edge.listen({ ...address, port: 0 }, signal)
  assert.deepEqual(await two.edge.listen({ ...address, port }, signal), { port })
})

test('a port that is taken is said so', async (t) => {
  const { port } = await world(t)
  const { edge } = await world(t)
  const address = { host: '127.0.0.1', port }
  await assert.rejects(edge.listen(address, new AbortController().signal), { code: 'EADDRINUSE' })
})
