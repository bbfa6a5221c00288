import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, constantFrom, property, record, uniqueArray } from 'fast-check'
import { readRequestHead, type RequestHead } from '../../../proxy/core/http-request.ts'
import { comparedPath } from '../../../proxy/core/compared-path.ts'
import { routeFor, routesByHost } from '../../../proxy/core/route-match.ts'
import type { Route, RouteMatch } from '../../../proxy/core/route.ts'

const ALL: RouteMatch = { pathPrefix: '/', methods: [], headers: [] }

function route(id: string, match: Partial<RouteMatch>, hosts = ['www.demo.cloud.local']): Route {
  return {
    id,
    tenant: 'demo',
    name: id,
    hosts,
    match: { ...ALL, ...match },
    targets: [],
    policy: {},
  }
}

function headOf(method: string, target: string, ...fields: readonly string[]): RequestHead {
  const text = [`${method} ${target} HTTP/1.1`, 'Host: www.demo.cloud.local', ...fields, '', '']
  const head = readRequestHead(Buffer.from(text.join('\r\n')))
  assert.ok(head.kind === 'head', JSON.stringify(head))
  return head
}

function taken(routes: readonly Route[], head: RequestHead): string | undefined {
  const byHost = routesByHost(routes, { apps: new Map(), domains: [] })
  const found = routeFor(byHost.get('www.demo.cloud.local') ?? [], head)
  return typeof found === 'object' ? found.route.id : found
}

test('a prefix takes whole segments', () => {
  const routes = [route('api', { pathPrefix: '/api' }), route('slash', { pathPrefix: '/files/' })]
  const of = (target: string): string | undefined => taken(routes, headOf('GET', target))
  assert.deepEqual(['/api', '/api/', '/api/x?y', '/api?x'].map(of), ['api', 'api', 'api', 'api'])
  assert.deepEqual(['/apix', '/', '/ap', '/x/api', '/files'].map(of), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  assert.equal(of('/files/a'), 'slash')
})

const X_ONE = { name: 'x-one', value: null }

test('the longest path wins, then methods, then most fields, then the first by id', () => {
  const routes = [
    route('z', {}),
    route('a', {}),
    route('method', { methods: ['POST', 'PUT'] }),
    route('field', { headers: [X_ONE] }),
    route('fields', { headers: [X_ONE, { name: 'x-two', value: 'b' }] }),
    route('path', { pathPrefix: '/deep' }),
    route('deeper', { pathPrefix: '/deep/er' }),
  ]
  const of = (...of_: Parameters<typeof headOf>): string | undefined =>
    taken(routes, headOf(...of_))
  assert.equal(of('GET', '/'), 'a')
  assert.equal(of('PUT', '/', 'X-One: 1', 'X-Two: b'), 'method')
  assert.equal(of('GET', '/', 'X-One: 1'), 'field')
  assert.equal(of('GET', '/', 'X-One: 1', 'X-Two: a'), 'field')
  assert.equal(of('GET', '/', 'x-one: 1', 'x-two: a', 'X-Two: b'), 'fields')
  assert.equal(of('POST', '/deep/x'), 'path')
  assert.equal(of('POST', '/deep/er'), 'deeper')
})

test('a prefix may itself be encoded', () => {
  const routes = [route('bang', { pathPrefix: '/a%21' }), route('plain', { pathPrefix: '/%41!' })]
  const of = (target: string): string | undefined => taken(routes, headOf('GET', target))
  assert.deepEqual(['/a!', '/a%21/x', '/A!', '/%41%21'].map(of), ['bang', 'bang', 'plain', 'plain'])
})

test('no spelling of a path gets past a prefix', () => {
  const routes = [route('all', {}), route('admin', { pathPrefix: '/admin' })]
  for (const target of [
    '/admin',
    '//admin',
    '/./admin',
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/%61dmin/y',
    '/x/..//admin',
    '/%2E/admin',
    '/../admin',
  ]) {
    assert.equal(taken(routes, headOf('GET', target)), 'admin', target)
  }
  for (const target of ['/x%2f../admin', '/x/..%5cadmin', '/admin%00', '/%2Fadmin']) {
    assert.equal(taken(routes, headOf('GET', target)), 'path-refused', target)
  }
  assert.equal(taken([route('all', {})], headOf('GET', '/a%2fb')), 'all', 'nobody looks at it')
})

test('comparedPath() leaves an ordinary path as it is, and what it makes stays as it is', () => {
  assert.equal(comparedPath('/a/b.c/d~e?f=/../g'), '/a/b.c/d~e')
  assert.equal(comparedPath('/a%20b/%c3%a9'), '/a%20b/%C3%A9')
  const pieces = array(constantFrom('/', '.', '..', 'a', '%2e', '%41', '%20', '//'), {
    maxLength: 9,
  })
  holds(
    property(pieces, (parts) => {
      const once = comparedPath(`/${parts.join('')}`)
      assert.ok(once !== null && !/\/\.{1,2}(\/|$)|\/\//.test(once), String(once))
      assert.equal(comparedPath(once), once)
    }),
  )
})

const rank = ({ match: { pathPrefix, methods, headers } }: Route): number =>
  pathPrefix.length * 100 + (methods.length > 0 ? 10 : 0) + headers.length

test('routeFor() finds what a plain search of all routes would', () => {
  const matches = record({
    pathPrefix: constantFrom('/', '/a', '/a/b', '/c'),
    methods: constantFrom([], ['GET'], ['POST', 'PUT']),
    headers: constantFrom([], [{ name: 'x-one', value: null }], [{ name: 'x-one', value: '1' }]),
  })
  const routes = uniqueArray(
    record({ id: constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), match: matches }),
    {
      selector: ({ id }) => id,
    },
  )
  const asked = record({
    method: constantFrom('GET', 'POST'),
    target: constantFrom('/', '/a', '/a/b/c', '/ab', '/c/d'),
    fields: constantFrom([], ['X-One: 1'], ['X-One: 2']),
  })
  holds(
    property(routes, asked, (some, { method, target, fields }) => {
      const all = some.map(({ id, match }) => route(id, match))
      const suits = all.filter(({ match }) => {
        const { pathPrefix, methods, headers } = match
        const isBelow = pathPrefix === '/' || `${target}/`.startsWith(`${pathPrefix}/`)
        const given = fields[0]?.slice(-1)
        const isSaid = headers.every(({ value }) =>
          value === null ? given !== undefined : given === value,
        )
        return isBelow && isSaid && (methods.length === 0 || methods.includes(method))
      })
      const [best] = suits.toSorted((a, b) => rank(b) - rank(a) || (a.id < b.id ? -1 : 1))
      assert.equal(taken(all, headOf(method, target, ...fields)), best?.id)
    }),
  )
})
