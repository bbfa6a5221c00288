import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import {
  CHECK,
  HOST,
  RawClient,
  ask,
  backend,
  bodyOf,
  freePort,
  get,
  lines,
  member,
  rawBackend,
  until,
  world,
} from './kit.ts'

const ONCE = get('/', 'Connection: close')

test('healthy members are asked in turn', async (t) => {
  const { port, serve } = await world(t)
  serve([await named(t, 'a'), await named(t, 'b'), await named(t, 'c')])
  const heard: string[] = []
  for (let i = 0; i < 6; i += 1) heard.push(bodyOf(await ask(t, port, ONCE)))
  assert.deepEqual(heard, ['a', 'b', 'c', 'a', 'b', 'c'])
})

test('an unhealthy member is not asked until it is healthy again', async (t) => {
  const { port, serve, edge } = await world(t)
  const a = { ...(await named(t, 'a')), check: CHECK }
  const b = { ...(await named(t, 'b')), check: CHECK }
  serve([a, b])
  const report = { run: 1, healthy: true, reason: '' }
  edge.update({
    health: [
      { ...report, id: a.id },
      { ...report, id: b.id, healthy: false },
    ],
  })
  for (let i = 0; i < 4; i += 1) assert.equal(bodyOf(await ask(t, port, ONCE)), 'a')
  edge.update({ health: [{ ...report, id: b.id }] })
  const heard = [bodyOf(await ask(t, port, ONCE)), bodyOf(await ask(t, port, ONCE))]
  assert.deepEqual(heard.toSorted(), ['a', 'b'])
})

test('a member that refuses the connection is passed over', async (t) => {
  const { port, serve } = await world(t)
  serve([member(await freePort()), await named(t, 'b')])
  for (let i = 0; i < 4; i += 1) assert.equal(bodyOf(await ask(t, port, ONCE)), 'b')
})

test('2b-07: an app that is known to be healthy and refuses is 502 at once', async (t) => {
  const { port, serve, edge } = await world(t)
  const dead = member(await freePort(), { check: CHECK })
  serve([dead])
  edge.update({ health: [{ id: dead.id, run: 1, healthy: true, reason: '' }] })
  const answer = await ask(t, port, ONCE)
  assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
  assert.match(answer, /X-Cloudlet-Error: connect-failed/)
  assert.equal(edge.counters().held, 0)
})

test('a request to an app that is starting waits for it', async (t) => {
  const { port, serve, edge } = await world(t)
  const listening = await freePort()
  serve([member(listening, { state: 'starting' })])
  const client = new RawClient(t, port)
  client.say(ONCE)
  await until(
    () => edge.counters().held === 1,
    () => 'the request to be held',
  )
  serve([member(listening)])
  await until(
    () => edge.counters().upstreamOpened > 2,
    () => 'a few tries',
  )
  assert.equal(client.text, '')
  const began = performance.now()
  await listenOn(t, listening)
  assert.ok((await client.closed()).endsWith('up'))
  assert.ok(performance.now() - began < 500)
  assert.equal(edge.counters().held, 0)
})

test('a request that comes before the first table waits for it', async (t) => {
  const { port, serve, edge } = await world(t)
  const client = new RawClient(t, port)
  client.say(ONCE)
  await until(
    () => edge.counters().held === 1,
    () => 'the request to be held',
  )
  serve([await named(t, 'a')])
  assert.equal(bodyOf(await client.closed()), 'a')
})

test('a request that waits is not lost while tables change all the time', async (t) => {
  const { port, serve, edge } = await world(t)
  const listening = await freePort()
  const other = await named(t, 'other')
  let version = 0
  const churn = setInterval(() => {
    version += 1
    serve([member(listening), { ...other, name: 'other', run: version }])
  }, 1)
  t.after(() => clearInterval(churn))
  serve([member(listening)])
  const clients = Array.from({ length: 20 }, () => new RawClient(t, port))
  for (const client of clients) client.say(ONCE)
  await until(
    () => edge.counters().upstreamOpened > 200,
    () => 'many tries',
  )
  assert.deepEqual(new Set(clients.map((client) => client.text)), new Set(['']))
  await listenOn(t, listening)
  for (const client of clients) assert.match(await client.closed(), /up$/)
})

test('all requests that wait for an app are answered once one gets through', async (t) => {
  const { port, serve, edge } = await world(t)
  const listening = await freePort()
  serve([member(listening)])
  const clients = Array.from({ length: 50 }, () => new RawClient(t, port))
  for (const client of clients) client.say(ONCE)
  await until(
    () => edge.counters().held >= 49,
    () => 'the requests to be held',
  )
  await listenOn(t, listening)
  for (const client of clients) assert.ok((await client.closed()).endsWith('up'))
  assert.equal(edge.counters().held, 0)
})

test('2b-07: a request that waits too long, or with too many others, is 503 with Retry-After', async (t) => {
  const { port, serve, edge } = await world(t, { holdMs: 200, heldPerApp: 2 })
  serve([member(1, { state: 'starting' })])
  const clients = [new RawClient(t, port), new RawClient(t, port)]
  for (const client of clients) client.say(ONCE)
  await until(
    () => edge.counters().held === 2,
    () => 'two to be held',
  )
  const third = await ask(t, port, ONCE)
  assert.match(third, /^HTTP\/1\.1 503 [^]*Retry-After: \d+\r\n[^]*Too many requests/)
  for (const client of clients) {
    assert.match(await client.closed(), /^HTTP\/1\.1 503 [^]*X-Cloudlet-Error: starting/)
  }
  assert.equal(edge.counters().held, 0)
})

test('a client that goes away while it waits is forgotten', async (t) => {
  const { port, serve, edge } = await world(t)
  serve([member(1, { state: 'starting' })])
  const client = new RawClient(t, port)
  client.say(ONCE)
  await until(
    () => edge.counters().held === 1,
    () => 'the request to be held',
  )
  client.socket.resetAndDestroy()
  await until(
    () => edge.counters().held === 0,
    () => 'the request to be forgotten',
  )
})

test('an app without a running or healthy container is 503 and says why', async (t) => {
  const { port, serve, edge } = await world(t)
  serve([member(1, { state: 'stopped' })])
  assert.match(await ask(t, port, ONCE), /^HTTP\/1\.1 503 [^]*X-Cloudlet-Error: not-running/)
  serve([member(1, { state: 'suspended' })])
  const page = await ask(t, port, ONCE)
  assert.match(page, /^HTTP\/1\.1 503 [^]*X-Cloudlet-Error: suspended[^]*Retry-After: 600/)
  assert.match(page, /cannot answer: its tenant is suspended/)
  serve([member(1, { check: CHECK })])
  const reason = 'GET /healthz answered 500'
  edge.update({ health: [{ id: 'member-1', run: 1, healthy: false, reason }] })
  const answer = await ask(t, port, ONCE)
  assert.match(answer, /^HTTP\/1\.1 503 [^]*X-Cloudlet-Error: unhealthy/)
  assert.ok(answer.includes(reason))
})

test('an unknown host is 404, as a page for browsers, and nothing in it is markup', async (t) => {
  const { port, serve } = await world(t)
  serve([])
  const request = lines(
    'GET / HTTP/1.1',
    "Host: a&b'.demo.cloud.local",
    'Accept: text/html',
    'Connection: close',
    '',
  )
  const answer = await ask(t, port, request)
  assert.match(answer, /^HTTP\/1\.1 404 Not Found\r\nContent-Type: text\/html/)
  assert.ok(answer.includes('No app answers at a&amp;b&#39;.demo.cloud.local.'))
  const plain = await ask(t, port, get('/', 'Connection: close'))
  assert.ok(plain.includes(`No app answers at ${HOST}.`))
  assert.match(plain, /Content-Type: text\/plain/)
})

test('2b-05: a request is sent again when a rested connection turns out dead, if that is harmless', async (t) => {
  let answers = 0
  const raw = await rawBackend(t, (socket) => {
    let requests = 0
    socket.on('data', () => {
      requests += 1
      // The second request on a connection finds it closed, like one that rested too long.
      if (requests === 2) return socket.destroy()
      answers += 1
      return socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { port, serve, edge } = await world(t)
  serve([member(raw.port)])
  const client = new RawClient(t, port)
  client.say(get('/1'))
  await client.hears('ok')
  client.say(get('/2', 'Connection: close'))
  assert.equal((await client.closed()).match(/HTTP\/1\.1 200 OK/g)?.length, 2)
  assert.equal(edge.counters().retries, 1)
  assert.equal(answers, 2)

  const post = lines(
    'POST / HTTP/1.1',
    `Host: ${HOST}`,
    'Content-Length: 0',
    'Connection: close',
    '',
  )
  assert.match(await ask(t, port, post), /^HTTP\/1\.1 502 [^]*X-Cloudlet-Error: invalid-answer/)
  assert.equal(edge.counters().retries, 1)
})

test('a member that dies in the middle of an answer never looks like the end of it', async (t) => {
  for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked', 'Connection: close']) {
    const raw = await rawBackend(t, (socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
        socket.write('5\r\nhello\r\n', () => socket.resetAndDestroy())
      })
    })
    const { port, serve } = await world(t)
    serve([member(raw.port)])
    const client = new RawClient(t, port)
    client.say(get('/'))
    const heard = await client.closed()
    assert.ok(client.wasReset, head)
    assert.ok(!heard.includes('\r\n0\r\n\r\n'))
  }
})

test('a new table drops nothing: what is under way ends, what comes goes to the new members', async (t) => {
  const { port, serve } = await world(t)
  const finish: (() => void)[] = []
  const old = await backend(t, (_, response) => {
    response.write('old ')
    finish.push(() => response.end('answer'))
  })
  serve([member(old.port)])
  const client = new RawClient(t, port)
  client.say(ONCE)
  await client.hears('old ')
  serve([await named(t, 'new')])
  assert.equal(bodyOf(await ask(t, port, ONCE)), 'new')
  finish[0]?.()
  assert.match(await client.closed(), /answer\r\n0\r\n\r\n$/)
})

test('no request fails while tables change all the time', async (t) => {
  const { port, serve } = await world(t)
  const a = await named(t, 'a')
  const b = await named(t, 'b')
  const client = new RawClient(t, port)
  for (let i = 1; i <= 300; i += 1) {
    client.say(get('/'))
    // In the middle of the request, and again while it is answered.
    serve(i % 2 === 0 ? [a, { ...b, state: 'stopped' }] : [{ ...a, run: i }, b])
    setImmediate(() => serve(i % 2 === 0 ? [b] : [a, { ...b, run: i }]))
    await until(
      () => client.text.split('HTTP/1.1 200 OK').length === i + 1,
      () => `answer ${i}`,
    )
  }
})

async function named(t: TestContext, name: string): Promise<ReturnType<typeof member>> {
  const { port } = await backend(t, (_, response) => {
    response.setHeader('content-length', name.length).end(name)
  })
  return member(port, { id: name })
}

/** Something that answers `up` on this very port. */
async function listenOn(t: TestContext, port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup'))
  })
  t.after(() => server.close())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}
