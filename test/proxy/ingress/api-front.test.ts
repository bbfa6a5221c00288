import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import type { IngressLimits } from '../../../proxy/ingress/limits.ts'
import { ask, backend, bodyOf, freePort, get, HOST, lines, member, until } from './kit.ts'
import { askHttp2, CA, certificateOf, http2Client, secureWorld, TICKET_KEYS } from './tls-kit.ts'

/** The platform's API behind the ingress. */

const API = 'api.example.com'
const MARK = 'a-mark-that-is-known-to-two-alone'

/** An ingress with the API at that port, and an app of a tenant beside it if there is one. */
async function house(
  t: TestContext,
  { api, app, limits = {} }: { api: number; app?: number; limits?: Partial<IngressLimits> },
) {
  const at = await secureWorld(t, limits)
  const certificates = [await certificateOf(HOST), await certificateOf(API)]
  const origin = `https://${API}:8443`
  const front = { host: API, origin, address: '127.0.0.1', port: api, mark: MARK }
  at.edge.update({ tls: { certificates, ticketKeys: TICKET_KEYS, api: front } })
  at.serve(app === undefined ? [] : [member(app)])
  return at
}

async function secure(
  t: TestContext,
  port: number,
  { name = API, from = '127.0.0.1' }: { name?: string; from?: string } = {},
): Promise<TLSSocket> {
  const at = { host: '127.0.0.1', port, localAddress: from }
  const socket = connect({ ...at, servername: name, ca: await CA })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** A port, and the name that its certificate is asked of. */
interface SecurePlace {
  readonly port: number
  readonly name?: string
  readonly from?: string
}

/** Says it over TLS and answers what came until the other side closed. */
async function said(t: TestContext, at: number | SecurePlace, text: string): Promise<string> {
  const { port, ...more } = typeof at === 'number' ? { port: at } : at
  const socket = await secure(t, port, more)
  let heard = ''
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  socket.write(text)
  await until(
    () => socket.readableEnded || socket.destroyed,
    () => `the end after ${JSON.stringify(heard)}`,
  )
  return heard
}

const request = (...fields: readonly string[]): string =>
  lines('GET /v1/whoami?a=b HTTP/1.1', `Host: ${API}`, 'Connection: close', ...fields, '')

/** Answers with the fields that it was sent, as they came. */
const echo: RequestListener = ({ rawHeaders, url }, response) => {
  response.end(JSON.stringify({ rawHeaders, url }))
}

function fieldsIn(text: string): string[] {
  const { rawHeaders = [] }: { rawHeaders?: string[] } = JSON.parse(text)
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []))
}

test('the API is told by whom it is asked, and by the ingress alone', async (t) => {
  const { port: api } = await backend(t, echo)
  const { securePort } = await house(t, { api })
  const forged = [
    'X-Cloudlet-Edge: forged 203.0.113.66',
    'x-cloudlet-edge: forged 203.0.113.67',
    'X-Forwarded-For: 203.0.113.66',
    'Forwarded: for=203.0.113.66',
    'X-Real-IP: 203.0.113.66',
    'X-Cloudlet-Client: page',
  ]
  const fields = fieldsIn(
    bodyOf(await said(t, securePort, request(...forged))).replace(/^[^{]*|[^}]*$/g, ''),
  )
  const words = fields.filter((field) => /^x-cloudlet-edge:/i.test(field))
  assert.deepEqual(words, [`X-Cloudlet-Edge: ${MARK} 127.0.0.1`])
  assert.equal(fields.join('\n').includes('203.0.113'), false)
  // By this one a page shows that it may use its session.
  assert.ok(fields.includes('X-Cloudlet-Client: page'))
})

test('over HTTP/2 it is told the same', async (t) => {
  const { port: api } = await backend(t, echo)
  const { securePort } = await house(t, { api })
  const session = await http2Client(t, securePort, { servername: API })
  const { body } = await askHttp2(session, {
    ':authority': API,
    ':path': '/v1/whoami',
    'x-cloudlet-edge': 'forged 203.0.113.66',
  })
  const words = fieldsIn(body).filter((field) => /^x-cloudlet-edge:/i.test(field))
  assert.deepEqual(words, [`X-Cloudlet-Edge: ${MARK} 127.0.0.1`])
})

test("a tenant's app never sees the mark of the ingress, and cannot say it for the API", async (t) => {
  const { port: api } = await backend(t, echo)
  const { port: app } = await backend(t, ({ rawHeaders }, response) => {
    response.setHeader('x-cloudlet-edge', `${MARK} 203.0.113.66`)
    response.end(JSON.stringify({ rawHeaders }))
  })
  const { port, securePort } = await house(t, { api, app })
  await said(t, securePort, request())
  const asked = get('/', 'Connection: close', 'X-Cloudlet-Edge: forged 203.0.113.66')
  for (const answer of [
    await ask(t, port, asked),
    await said(t, { port: securePort, name: HOST }, asked),
  ]) {
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.doesNotMatch(answer, /x-cloudlet-edge/i)
    assert.equal(answer.includes(MARK), false)
  }
})

test('in clear the API is nowhere but over TLS, with the whole address', async (t) => {
  const { port: api, connections } = await backend(t, echo)
  const { port } = await house(t, { api })
  const answer = await ask(t, port, request('Authorization: Bearer a-key'))
  assert.match(answer, /^HTTP\/1\.1 308 Permanent Redirect\r\n/)
  assert.match(answer, /\r\nLocation: https:\/\/api\.example\.com:8443\/v1\/whoami\?a=b\r\n/)
  const star = lines('OPTIONS * HTTP/1.1', `Host: ${API}`, 'Connection: close', '')
  assert.match(await ask(t, port, star), /\r\nLocation: https:\/\/api\.example\.com:8443\/\r\n/)
  assert.equal(connections(), 0)
})

test("a connection that was made for a tenant's app does not reach the API, nor the other way", async (t) => {
  const { port: api, connections } = await backend(t, echo)
  const { port: app } = await backend(t, echo)
  const { securePort } = await house(t, { api, app })
  assert.match(await said(t, { port: securePort, name: HOST }, request()), /^HTTP\/1\.1 421 /)
  assert.match(await said(t, securePort, get('/', 'Connection: close')), /^HTTP\/1\.1 421 /)
  assert.equal(connections(), 0)
})

test('a container is not told that there is an API, as it is not told of other tenants', async (t) => {
  const { port: api, connections } = await backend(t, echo)
  const { edge, securePort, tableOf } = await house(t, { api })
  edge.update({ table: { ...tableOf([], {}), ranges: ['127.0.0.0/8'] } })
  assert.match(await said(t, securePort, request()), /^HTTP\/1\.1 404 /)
  assert.equal(connections(), 0)
})

test('requests wait for an API that is being started again', async (t) => {
  const api = await freePort()
  const { edge, securePort } = await house(t, { api })
  const answer = said(t, securePort, request())
  await until(
    () => edge.counters().held > 0,
    () => 'a request that is held',
  )
  const server = createServer(echo).listen(api, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  assert.match(await answer, /^HTTP\/1\.1 200 /)
})

test('an API that stays away is said in problem details, with when to come back', async (t) => {
  const { securePort } = await house(t, { api: await freePort(), limits: { holdMs: 50 } })
  const answer = await said(t, securePort, request('Accept: text/html'))
  assert.match(answer, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  assert.match(answer, /\r\nContent-Type: application\/problem\+json\r\n/)
  assert.match(answer, /\r\nRetry-After: 1\r\n/)
  const { type, status, instance, detail } = JSON.parse(bodyOf(answer))
  assert.deepEqual([type, status], ['/problems/api-away', 503])
  assert.match(instance, /^urn:request:request-\d+$/)
  assert.match(detail, /Nothing was done: send the request again/)
})

test('an API that ends while it works is told apart: what was wanted may have been done', async (t) => {
  const { port: api } = await backend(t, ({ socket }) => void socket.destroy())
  const { securePort } = await house(t, { api })
  const answer = await said(t, securePort, request().replace('GET', 'POST'))
  assert.match(answer, /^HTTP\/1\.1 502 /)
  assert.equal(JSON.parse(bodyOf(answer)).type, '/problems/api-lost')
})

test('who only asks the API is answered by the next one when it ends before it has said a word', async (t) => {
  let lost = 0
  const { port: api } = await backend(t, (asked, response) => {
    // More often than the budget of repetitions lasts.
    if (lost < 15 || asked.method === 'POST') {
      lost += 1
      return asked.socket.destroy()
    }
    return response.end('of the next')
  })
  const { securePort } = await house(t, { api })
  assert.match(await said(t, securePort, request()), /^HTTP\/1\.1 200 [^]*of the next/)
  assert.match(await said(t, securePort, request().replace('GET', 'DELETE')), /^HTTP\/1\.1 200 /)
  assert.match(await said(t, securePort, request().replace('GET', 'POST')), /^HTTP\/1\.1 502 /)
  assert.equal(lost, 16)
})

test('one address has so many requests to the API under way, and leaves the rest to others', async (t) => {
  const held: ServerResponse[] = []
  const { port: api } = await backend(t, (_asked, response) => void held.push(response))
  const { securePort } = await house(t, { api, limits: { apiRequestsPerAddress: 1 } })
  const first = said(t, securePort, request())
  await until(
    () => held.length === 1,
    () => 'the first request',
  )
  const second = await said(t, securePort, request())
  assert.match(second, /^HTTP\/1\.1 503 /)
  assert.equal(JSON.parse(bodyOf(second)).type, '/problems/api-away')
  const other = said(t, { port: securePort, from: '127.0.0.5' }, request())
  await until(
    () => held.length === 2,
    () => 'the request of another',
  )
  for (const response of held) response.end('done')
  for (const answer of [await first, await other]) assert.match(answer, /^HTTP\/1\.1 200 /)
  const again = said(t, securePort, request())
  await until(
    () => held.length === 3,
    () => 'the next request of the first',
  )
  held[2]?.end('done')
  assert.match(await again, /^HTTP\/1\.1 200 /)
})

test('the API may take longer for a head than an app, and streams as it likes', async (t) => {
  const arrived = Promise.withResolvers<ServerResponse>()
  const { port: api } = await backend(t, (_asked, response) => arrived.resolve(response))
  const { port: app } = await backend(t, () => undefined)
  const { port, securePort } = await house(t, { api, app, limits: { responseHeadMs: 100 } })
  const socket = await secure(t, securePort)
  let heard = ''
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  const hears = (part: string): Promise<void> =>
    until(
      () => heard.includes(part),
      () => `${part} in ${JSON.stringify(heard)}`,
    )
  socket.write(request())
  const response = await arrived.promise
  // By now an app would have been given up.
  assert.match(await ask(t, port, get('/', 'Connection: close')), /^HTTP\/1\.1 504 /)
  response.write('one\n')
  await hears('one\n')
  response.end('two\n')
  await hears('two\n')
  assert.match(heard, /^HTTP\/1\.1 200 /)
})

test('an API that has no name any more is unknown to the ingress', async (t) => {
  const { port: api } = await backend(t, echo)
  const { edge, port, securePort } = await house(t, { api })
  assert.match(await said(t, securePort, request()), /^HTTP\/1\.1 200 /)
  edge.update({ tls: { certificates: [await certificateOf(API)], ticketKeys: TICKET_KEYS } })
  assert.match(await ask(t, port, request()), /^HTTP\/1\.1 404 /)
  assert.match(await said(t, securePort, request()), /^HTTP\/1\.1 404 /)
})
