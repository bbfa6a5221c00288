import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Route, RoutePolicy } from '../../../proxy/core/route.ts'
import { HOST, ask, backend, bodyOf, lines, member, table } from './kit.ts'
import { askHttp2, http2Client, secureWorld } from './tls-kit.ts'

/** What is done with the requests of a route, over the wire. The app tells the head that it was asked with. */

interface Wanted {
  readonly policy: RoutePolicy
  readonly pathPrefix?: string
}

async function routed(t: TestContext, { policy, pathPrefix = '/' }: Wanted) {
  const { edge, port, securePort } = await secureWorld(t)
  const app = await backend(t, (request, response) => {
    response.setHeader('X-Of-App', 'yes')
    response.setHeader('Server', 'app')
    if (request.url !== '/silent') response.end(JSON.stringify([request.url, request.rawHeaders]))
  })
  const route: Route = {
    id: 'r1',
    tenant: 'demo',
    name: 'r1',
    hosts: [HOST],
    match: { pathPrefix, methods: [], headers: [] },
    targets: [{ app: 'hello.demo', weight: 100 }],
    policy,
  }
  edge.update({ table: { ...table([member(app.port)], 5), routes: [route] } })
  return { edge, port, securePort, says: (text: string) => ask(t, port, text) }
}

const from = (path = '/', ...fields: readonly string[]): string =>
  lines(`GET ${path} HTTP/1.1`, `Host: ${HOST}`, ...fields, 'Connection: close', '')

const statusOf = (answer: string): number => Number(answer.slice(9, 12))

/** The value of a field of an answer; null where there is none. */
function fieldOf(answer: string, name: string): string | null {
  const found = new RegExp(`^${name}: (.*)$`, 'im').exec(answer.replaceAll('\r', ''))
  return found?.[1] ?? null
}

test('maintenance: nobody is asked, and told when to come back', async (t) => {
  const maintenance = { message: 'We move.', retryAfterSeconds: 120 }
  const { says } = await routed(t, { policy: { maintenance, redirect: { status: 308 } } })
  const answer = await says(from())
  assert.equal(statusOf(answer), 503)
  assert.equal(fieldOf(answer, 'Retry-After'), '120')
  assert.match(bodyOf(answer), /We move\.\n/)
})

test('https: in clear the same place over TLS, and over TLS the word to stay there', async (t) => {
  const https = { hstsSeconds: 3600, includeSubdomains: true }
  const { says, securePort } = await routed(t, { policy: { https } })
  const answer = await says(from('/a?b=c'))
  assert.equal(statusOf(answer), 308)
  assert.equal(fieldOf(answer, 'Location'), `https://${HOST}:${securePort}/a?b=c`)
  assert.equal(fieldOf(answer, 'Strict-Transport-Security'), null)
  const { status, headers } = await overHttp2(t, securePort, { ':path': '/a' })
  assert.equal(status, 200)
  assert.equal(headers['strict-transport-security'], 'max-age=3600; includeSubDomains')
})

const overHttp2 = async (t: TestContext, port: number, asked: Record<string, string>) =>
  askHttp2(await http2Client(t, port), asked)

test('allow: whoever is in none of the ranges gets 403', async (t) => {
  const outside = await routed(t, { policy: { allow: ['10.0.0.0/8', '2001:db8::/32'] } })
  assert.equal(statusOf(await outside.says(from())), 403)
  const forged = await outside.says(from('/', 'X-Forwarded-For: 10.1.1.1'))
  assert.equal(statusOf(forged), 403, 'a client’s own word does not count')
  const inside = await routed(t, { policy: { allow: ['127.0.0.0/8'] } })
  assert.equal(statusOf(await inside.says(from())), 200)
})

test('rate: beyond the burst a client gets 429, and when to come back', async (t) => {
  const { says } = await routed(t, { policy: { rate: { perSecond: 1, burst: 2 } } })
  const answers = [await says(from()), await says(from()), await says(from()), await says(from())]
  // A second may pass on the way, and bring one more.
  const codes = answers.map(statusOf)
  assert.deepEqual(codes.slice(0, 2), [200, 200])
  assert.ok(codes.includes(429), codes.join())
  const late = answers[codes.indexOf(429)] ?? ''
  assert.equal(fieldOf(late, 'Retry-After'), '1')
})

const PREFLIGHT = ['Access-Control-Request-Method: PUT', 'Access-Control-Request-Headers: x-a']
const options = (origin: string): string =>
  from('/', `Origin: ${origin}`, ...PREFLIGHT).replace('GET', 'OPTIONS')

test('cors: browsers that ask beforehand are told, and answers say who may read them', async (t) => {
  const cors = {
    origins: ['https://shop.example'],
    methods: ['GET', 'PUT'],
    headers: ['x-a'],
    expose: ['x-b'],
    credentials: true,
    maxAgeSeconds: 60,
  }
  const { says } = await routed(t, { policy: { cors } })
  const asked = await says(options('https://shop.example'))
  assert.equal(statusOf(asked), 204)
  assert.equal(fieldOf(asked, 'Access-Control-Allow-Origin'), 'https://shop.example')
  assert.equal(fieldOf(asked, 'Access-Control-Allow-Methods'), 'GET, PUT')
  assert.equal(fieldOf(asked, 'Access-Control-Allow-Headers'), 'x-a')
  assert.equal(fieldOf(asked, 'Access-Control-Allow-Credentials'), 'true')
  assert.equal(fieldOf(asked, 'Access-Control-Max-Age'), '60')
  const stranger = await says(options('https://evil.example'))
  assert.equal(statusOf(stranger), 204)
  assert.equal(fieldOf(stranger, 'Access-Control-Allow-Origin'), null)

  const answer = await says(from('/', 'Origin: https://shop.example'))
  assert.equal(fieldOf(answer, 'Access-Control-Allow-Origin'), 'https://shop.example')
  assert.equal(fieldOf(answer, 'Access-Control-Expose-Headers'), 'x-b')
  assert.equal(fieldOf(answer, 'Vary'), 'Origin')
  const other = await says(from('/', 'Origin: https://evil.example'))
  assert.equal(fieldOf(other, 'Access-Control-Allow-Origin'), null)
  assert.equal(fieldOf(other, 'Vary'), 'Origin', 'a cache must not keep it for the others')
})

test('cors: for everybody, and the app’s own OPTIONS stay its own', async (t) => {
  const [methods, headers, expose] = [['GET'], [], []]
  const cors = { origins: ['*'], methods, headers, expose, credentials: false, maxAgeSeconds: 1 }
  const { says } = await routed(t, { policy: { cors } })
  const asked = await says(options('https://any.example'))
  assert.equal(fieldOf(asked, 'Access-Control-Allow-Origin'), '*')
  const plain = await says(from().replace('GET', 'OPTIONS'))
  assert.equal(JSON.parse(bodyOf(plain))[0], '/', 'the app has answered')
})

test('redirect: by scheme, host and path, with the query as it was', async (t) => {
  const path = { kind: 'prefix', value: '/new' } as const
  const redirect = { status: 301, scheme: 'https', host: 'shop.example.org', path } as const
  const { says } = await routed(t, { policy: { redirect }, pathPrefix: '/old' })
  const answer = await says(from('/old/a?b=c'))
  assert.equal(statusOf(answer), 301)
  assert.equal(fieldOf(answer, 'Location'), 'https://shop.example.org/new/a?b=c')
  assert.equal(statusOf(await says(from('/older'))), 200, 'another path')
})

const post = (...rest: readonly string[]): string =>
  lines('POST / HTTP/1.1', `Host: ${HOST}`, 'Connection: close', ...rest)

test('bodyBytes: content above it is 413, however it is framed', async (t) => {
  const { says } = await routed(t, { policy: { bodyBytes: 4 } })
  assert.equal(statusOf(await says(post('Content-Length: 4', '') + 'abcd')), 200)
  assert.equal(statusOf(await says(post('Content-Length: 5', '') + 'abcde')), 413)
  const chunked = (text: string): string =>
    `${post('Transfer-Encoding: chunked', '')}${text.length}\r\n${text}\r\n0\r\n\r\n`
  assert.equal(statusOf(await says(chunked('abcd'))), 200)
  assert.equal(statusOf(await says(chunked('abcde'))), 413)
})

test('rewrite: the app is asked for another path of another host, and who asks is told as it was', async (t) => {
  const rewrite = { host: 'inner.example', path: { kind: 'prefix', value: '/v2/' } } as const
  const { says, securePort } = await routed(t, { policy: { rewrite }, pathPrefix: '/api' })
  for (const [asked, got] of [
    ['/api/x?y=/api', '/v2/x?y=/api'],
    ['/api', '/v2'],
    ['/%61pi/x', '/v2/x'],
    ['/api/a%20b/', '/v2/a%20b/'],
    ['/api/%2e%2e/api/x', '/v2/x'],
    ['/api/a/../x', '/v2/x'],
  ]) {
    const [url, fields] = JSON.parse(bodyOf(await says(from(asked))))
    assert.equal(url, got)
    assert.equal(fields[fields.indexOf('Host') + 1], 'inner.example')
    assert.equal(fields.filter((one: string) => one === 'Host').length, 1)
    assert.equal(fields[fields.indexOf('X-Forwarded-Host') + 1], HOST)
  }
  const [url] = JSON.parse((await overHttp2(t, securePort, { ':path': '/api/x' })).body)
  assert.equal(url, '/v2/x')
})

test('requestHeaders: removed, set and added before the app is asked', async (t) => {
  const requestHeaders = {
    remove: ['x-secret'],
    set: [['x-team', 'blue']],
    add: [['x-list', 'b']],
  } as const
  const { says, securePort } = await routed(t, { policy: { requestHeaders } })
  const mine = ['X-Secret: 1', 'x-team: red', 'X-List: a', 'X-Stays: 1']
  const [, fields] = JSON.parse(bodyOf(await says(from('/', ...mine))))
  const pairs: string[] = []
  for (let i = 0; i < fields.length; i += 2) pairs.push(`${fields[i]}=${fields[i + 1]}`)
  const shown = pairs.filter((one) => /^x-(secret|team|list|stays)=/i.test(one))
  assert.deepEqual(shown, ['X-List=a', 'X-Stays=1', 'x-team=blue', 'x-list=b'])
  const { body } = await overHttp2(t, securePort, { 'x-secret': '1', 'x-team': 'red' })
  assert.ok(body.includes('"x-team","blue"') && !/secret|red/.test(body), body)
})

test('responseHeaders: removed, set and added before the client has the answer', async (t) => {
  const responseHeaders = {
    remove: ['server'],
    set: [['x-of-app', 'no']],
    add: [['x-more', '1']],
  } as const
  const { says, securePort } = await routed(t, { policy: { responseHeaders } })
  const answer = await says(from('/a'))
  assert.equal(fieldOf(answer, 'Server'), null)
  assert.equal(fieldOf(answer, 'X-Of-App'), 'no')
  assert.equal(fieldOf(answer, 'X-More'), '1')
  assert.equal(JSON.parse(bodyOf(answer))[0], '/a')
  const { headers, body } = await overHttp2(t, securePort, { ':path': '/a' })
  assert.deepEqual(
    [headers['server'], headers['x-of-app'], headers['x-more']],
    [undefined, 'no', '1'],
  )
  assert.equal(JSON.parse(body)[0], '/a')
})

test('timeouts: an answer that does not begin in the route’s time is 504', async (t) => {
  const { says } = await routed(t, { policy: { timeouts: { responseHeadMs: 50 } } })
  assert.equal(statusOf(await says(from('/silent'))), 504)
})

test('what the ingress does not do yet leaves a route unserved', async (t) => {
  for (const policy of [
    { mirror: { app: 'hello.demo', percent: 100 } },
    { timeouts: { requestMs: 1000 } },
    { allow: ['no range'] },
  ] as const) {
    const { says } = await routed(t, { policy })
    assert.equal(statusOf(await says(from())), 503, JSON.stringify(policy))
  }
})
