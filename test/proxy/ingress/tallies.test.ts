import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REQUEST } from '../../../src/core/request-meter.ts'
import type { Ingress } from '../../../proxy/ingress/ingress.ts'
import { ask, backend, freePort, get, HOST, lines, member, RawClient, until, world } from './kit.ts'
import { askHttp2, http2Client, secureWorld } from './tls-kit.ts'

/** What is counted of an app, by the names of the places. */
function counted(edge: Ingress, app = 'hello.demo') {
  const numbers = edge.measures(0).series.find((one) => one.app === app)?.numbers ?? []
  const of = (place: number): number => numbers[place] ?? 0
  return {
    answers: numbers.slice(REQUEST.answers, REQUEST.answers + 5),
    aborted: of(REQUEST.aborted),
    bytes: [of(REQUEST.requestBytes), of(REQUEST.answerBytes)],
    durations: numbers.slice(REQUEST.durations).reduce((sum, one) => sum + one, 0),
    connectFailures: of(REQUEST.connectFailures),
    retries: of(REQUEST.retries),
    held: of(REQUEST.held),
  }
}

test('requests are counted for their app: answers by class, contents both ways, durations', async (t) => {
  const { port } = await backend(t, (request, response) => {
    response.statusCode = request.url === '/' ? 200 : 404
    request.resume().on('end', () => response.end('12345'))
  })
  const { edge, port: at, serve } = await world(t)
  serve([member(port)])
  const post = lines(
    `POST / HTTP/1.1`,
    `Host: ${HOST}`,
    'Content-Length: 3',
    'Connection: close',
    '',
  )
  await ask(t, at, `${post}abc`)
  await ask(t, at, get('/none', 'Connection: close'))
  const { answers, bytes, durations, aborted } = counted(edge)
  assert.deepEqual(answers, [0, 1, 0, 1, 0])
  assert.deepEqual(bytes, [3, 10])
  assert.equal(durations, 2)
  assert.equal(aborted, 0)
  assert.equal(edge.measures(0).series[0]?.tenant, 'demo')
})

test('a chunked answer and one over HTTP/2 count by their content', async (t) => {
  const { port } = await backend(t, (_request, response) => {
    response.write('one')
    setImmediate(() => response.end('twotwo'))
  })
  const { edge, port: at, securePort, serve } = await secureWorld(t)
  serve([member(port)])
  await ask(t, at, get('/', 'Connection: close'))
  assert.deepEqual(counted(edge).bytes, [0, 9])
  await askHttp2(await http2Client(t, securePort), { ':path': '/' })
  assert.deepEqual(counted(edge).bytes, [0, 18])
})

test('what is for no app is counted under no name', async (t) => {
  const { edge, port: at, serve } = await world(t)
  serve([])
  await ask(t, at, get('/', 'Connection: close'))
  assert.deepEqual(counted(edge, '').answers, [0, 0, 0, 1, 0])
  assert.deepEqual(counted(edge).answers, [])
})

test('members that refuse, requests that wait, and clients that leave are counted', async (t) => {
  const { edge, port: at, serve } = await world(t, { holdMs: 100, settleMs: 0 })
  serve([member(await freePort())])
  assert.match(await ask(t, at, get('/', 'Connection: close')), /^HTTP\/1\.1 502 /)
  assert.equal(counted(edge).connectFailures, 1)
  serve([member(1, { state: 'starting' })])
  assert.match(await ask(t, at, get('/', 'Connection: close')), /^HTTP\/1\.1 503 /)
  assert.equal(counted(edge).held, 1)
  const silent = await backend(t, () => undefined)
  serve([member(silent.port)])
  const client = new RawClient(t, at)
  client.say(get('/'))
  await until(
    () => silent.connections() === 1,
    () => 'the member to be asked',
  )
  client.socket.resetAndDestroy()
  await until(
    () => counted(edge).aborted === 1,
    () => 'the client to be missed',
  )
  assert.deepEqual(counted(edge).answers, [0, 0, 0, 0, 2])
})

test('only what has moved since the last look is told again', async (t) => {
  const { port } = await backend(t, (_request, response) => response.end())
  const { edge, port: at, serve } = await world(t)
  serve([member(port)])
  await ask(t, at, get('/', 'Connection: close'))
  const { seq, series } = edge.measures(0)
  assert.equal(series.length, 1)
  assert.deepEqual(edge.measures(seq).series, [])
})
