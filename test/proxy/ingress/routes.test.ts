import assert from 'node:assert/strict'
import { Agent, request as httpRequest } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { Route } from '../../../proxy/core/route.ts'
import type { Member } from '../../../proxy/core/route-table.ts'
import { ask, backend, bodyOf, lines, member, table, world } from './kit.ts'
import { askHttp2, http2Client, secureWorld } from './tls-kit.ts'

async function app(t: TestContext, name: string): Promise<Member> {
  const { port } = await backend(t, (_request, response) => response.end(name))
  return member(port, { id: name, name })
}

function route(over: Partial<Route>): Route {
  const match = { pathPrefix: '/', methods: [], headers: [] }
  const hosts = ['www.demo.cloud.local']
  return { id: 'r1', tenant: 'demo', name: 'r1', hosts, match, targets: [], policy: {}, ...over }
}

const to = (...apps: readonly string[]) =>
  apps.map((name) => ({ app: `${name}.demo`, weight: 100 }))

const from = (host: string, path = '/', method = 'GET'): string =>
  lines(`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', '')

const WWW = 'www.demo.cloud.local'

async function routed(t: TestContext, routes: readonly Route[], members: readonly Member[]) {
  const { edge, port } = await world(t)
  edge.update({ table: { ...table(members, 5), routes } })
  return {
    edge,
    port,
    says: async (request: string): Promise<string> => bodyOf(await ask(t, port, request)),
  }
}

test('a host of routes leads by path and method to their apps, and nowhere else', async (t) => {
  const members = [await app(t, 'shop'), await app(t, 'api')]
  const api = { pathPrefix: '/api', methods: ['GET'], headers: [] }
  const { says, port } = await routed(
    t,
    [
      route({ id: 'r1', targets: to('shop'), match: { ...api, pathPrefix: '/shop', methods: [] } }),
      route({ id: 'r2', targets: to('api'), match: api }),
    ],
    members,
  )
  assert.equal(await says(from(WWW, '/shop/1')), 'shop')
  assert.equal(await says(from(WWW, '/api')), 'api')
  assert.equal(await says(from(WWW, '/x/%2e%2e/api')), 'api')
  assert.match(await ask(t, port, from(WWW, '/api', 'DELETE')), /^HTTP\/1\.1 404 /)
  assert.match(await ask(t, port, from(WWW, '/')), /^HTTP\/1\.1 404 /)
  assert.match(await ask(t, port, from(WWW, '/a%2fb')), /^HTTP\/1\.1 400 /)
  assert.equal(await says(from('shop.demo.cloud.local')), 'shop', 'its own host stays')
})

test('the host of an app is the app’s where no route takes the request', async (t) => {
  const members = [await app(t, 'shop'), await app(t, 'api')]
  const match = { pathPrefix: '/api', methods: [], headers: [] }
  const hosts = ['shop.demo.cloud.local']
  const { says } = await routed(t, [route({ hosts, match, targets: to('api') })], members)
  assert.equal(await says(from('shop.demo.cloud.local', '/api/x')), 'api')
  assert.equal(await says(from('shop.demo.cloud.local', '/')), 'shop')
  assert.equal(await says(from('shop.demo.localhost', '/api')), 'shop', 'another host')
})

test('a wildcard takes names of one label more that have no app', async (t) => {
  const members = [await app(t, 'shop'), await app(t, 'rest')]
  const hosts = ['*.demo.cloud.local']
  const { says, port } = await routed(t, [route({ hosts, targets: to('rest') })], members)
  assert.equal(await says(from('any.demo.cloud.local')), 'rest')
  assert.equal(await says(from('shop.demo.cloud.local')), 'shop')
  for (const host of ['a.b.demo.cloud.local', 'demo.cloud.local', 'any.acme.cloud.local']) {
    assert.match(await ask(t, port, from(host)), /^HTTP\/1\.1 404 /)
  }
})

const user = (name: string): string =>
  lines('GET / HTTP/1.1', `Host: ${WWW}`, `X-User: ${name}`, 'Connection: close', '')

test('a route deals requests out to its apps by its balance and by their weights', async (t) => {
  const members = [await app(t, 'blue'), await app(t, 'green'), await app(t, 'off')]
  const targets = [...to('blue', 'green'), { app: 'off.demo', weight: 0 }]
  const inTurn = await routed(t, [route({ targets })], members)
  const heard: string[] = []
  for (let i = 0; i < 6; i += 1) heard.push(await inTurn.says(from(WWW)))
  assert.deepEqual(heard, ['blue', 'green', 'blue', 'green', 'blue', 'green'])

  const policy = { balance: { kind: 'hash', on: 'x-user' } } as const
  const byUser = await routed(t, [route({ targets, policy })], members)
  const users = Array.from({ length: 12 }, (_, i) => user(`user ${i}`))
  const first: string[] = []
  for (const one of users) first.push(await byUser.says(one))
  assert.deepEqual([...new Set(first)].toSorted(), ['blue', 'green'])
  for (const [i, one] of users.entries()) assert.equal(await byUser.says(one), first[i])
})

test('an app that is not there leaves its part to the others, and none at all is 503', async (t) => {
  const blue = await app(t, 'blue')
  const gone = member(1, { id: 'gone', name: 'gone', state: 'stopped' })
  const { says, edge, port } = await routed(
    t,
    [route({ targets: to('gone', 'blue') })],
    [blue, gone],
  )
  for (let i = 0; i < 3; i += 1) assert.equal(await says(from(WWW)), 'blue')
  edge.update({ table: { ...table([gone], 6), routes: [route({ targets: to('gone') })] } })
  assert.match(await ask(t, port, from(WWW)), /^HTTP\/1\.1 503 /)
})

test('a route whose policy the ingress does not know how to follow answers nobody', async (t) => {
  const members = [await app(t, 'shop')]
  const policy = { mirror: { app: 'shop.demo', percent: 100 } }
  const { port } = await routed(t, [route({ targets: to('shop'), policy })], members)
  assert.match(await ask(t, port, from(WWW)), /^HTTP\/1\.1 503 /)
})

test('a route leads to apps of its own tenant, and takes no host of another one’s app', async (t) => {
  const theirs = { ...(await app(t, 'theirs')), tenant: 'acme' }
  const hosts = [WWW, 'theirs.acme.cloud.local']
  const ours = await app(t, 'ours')
  const targets = [...to('ours'), { app: 'theirs.acme', weight: 100 }]
  const { says } = await routed(t, [route({ hosts, targets })], [theirs, ours])
  for (let i = 0; i < 4; i += 1) assert.equal(await says(from(WWW)), 'ours')
  assert.equal(await says(from('theirs.acme.cloud.local')), 'theirs')
})

test('routes hold over HTTP/2 as well', async (t) => {
  const { edge, securePort } = await secureWorld(t)
  const [shop, api] = [await app(t, 'hello'), await app(t, 'api')]
  const match = { pathPrefix: '/api', methods: [], headers: [] }
  const hosts = ['hello.demo.cloud.local']
  const routes = [route({ hosts, match, targets: to('api') })]
  edge.update({ table: { ...table([shop, api], 5), routes } })
  const session = await http2Client(t, securePort)
  assert.equal((await askHttp2(session, { ':path': '/api/x' })).body, 'api')
  assert.equal((await askHttp2(session, { ':path': '/' })).body, 'hello')
})

test('a thousand tables while requests are under way: none fails, and each is one of the two', async (t) => {
  const members = [await app(t, 'blue'), await app(t, 'green')]
  const kinds = ['round-robin', 'least-requests', 'two-choices', 'hash'] as const
  const { edge, port } = await routed(t, [route({ targets: to('blue') })], members)
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.after(() => agent.destroy())
  let version = 5
  let count = 0
  const isOver = (): boolean => version >= 1005 && count >= 200
  const change = (): void => {
    version += 1
    const kind = kinds[version % kinds.length] ?? 'hash'
    const balance = { kind, maxRequests: 1 + (version % 5), slowStartMs: version % 3 }
    const targets = version % 2 === 0 ? to('blue') : to('green', 'blue')
    const routes = [route({ id: `r${version % 7}`, targets, policy: { balance } })]
    // Both are made anew now and then.
    const run = Math.floor(version / 50)
    edge.update({
      table: {
        ...table(
          members.map((one) => ({ ...one, run })),
          version,
        ),
        routes,
      },
    })
    if (!isOver()) setImmediate(change)
  }
  change()
  const heard = new Set<string>()
  const asking = async (): Promise<void> => {
    while (!isOver()) {
      heard.add(await said(port, agent))
      count += 1
    }
  }
  await Promise.all(Array.from({ length: 8 }, asking))
  assert.deepEqual([...heard].toSorted(), ['200 blue', '200 green'])
  assert.equal(edge.counters().held, 0)
})

/** Status and content of one answer. */
function said(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, agent, headers: { host: WWW } })
    asked.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    asked.on('error', reject).end()
  })
}
