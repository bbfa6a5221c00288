import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from '../../../proxy/core/route.ts'
import { poolOf } from '../../../proxy/core/route-pool.ts'
import type { Member } from '../../../proxy/core/route-table.ts'
import { zoneOf, type App } from '../../../proxy/core/routing.ts'

function member(name: string, id = name): Member {
  const at = { address: '10.208.0.2', state: 'running', run: 1, port: 80, check: null } as const
  return { id, tenant: 'demo', name, ...at }
}

function app(name: string, members: readonly Member[] = [member(name)], tenant = 'demo') {
  return [`${name}.${tenant}`, { key: `${name}.${tenant}`, tenant, members }] as const
}

function pool(
  targets: Readonly<Record<string, number>>,
  apps: ReadonlyMap<string, App>,
  policy: Route['policy'] = {},
): App {
  const route: Route = {
    id: 'r1',
    tenant: 'demo',
    name: 'front',
    hosts: ['www.demo.cloud.local'],
    match: { pathPrefix: '/', methods: [], headers: [] },
    targets: Object.entries(targets).map(([name, weight]) => ({ app: name, weight })),
    policy,
  }
  return poolOf(route, { apps, domains: ['cloud.local', 'localhost'] })
}

const sharesOf = ({ members, weights }: App): Record<string, number> =>
  Object.fromEntries(members.map((one) => [one.id, weights?.get(one) ?? 1]))

test('poolOf() puts the members of all targets together, each with its part of the weight', () => {
  const apps = new Map<string, App>([
    app('blue'),
    app('green', [member('green', 'g1'), member('green', 'g2')]),
  ])
  const both = pool({ 'blue.demo': 100, 'green.demo': 50 }, apps)
  assert.equal(both.key, 'route/r1')
  assert.equal(both.tenant, 'demo')
  assert.deepEqual(sharesOf(both), { blue: 1, g1: 0.25, g2: 0.25 })
  const even = pool({ 'blue.demo': 7, 'green.demo': 14 }, apps)
  assert.deepEqual(sharesOf(even), { blue: 1, g1: 1, g2: 1 })
  assert.equal(even.weights, undefined, 'in turn, without anything to weigh')
})

test('poolOf() leaves out a weight of 0, an app that is not there, and one of another tenant', () => {
  const apps = new Map<string, App>([app('blue'), app('green'), app('blue', [], 'acme')])
  const targets = { 'blue.demo': 1, 'green.demo': 0, 'gone.demo': 5, 'blue.acme': 5 }
  assert.deepEqual(sharesOf(pool(targets, apps)), { blue: 1 })
  assert.deepEqual(pool({ 'green.demo': 0 }, apps).members, [])
})

test('a route may set cookies for its tenant’s part of a domain, and for all of a domain of its own', () => {
  const one = pool({ 'blue.demo': 1 }, new Map<string, App>([app('blue')]))
  const zones = [
    'www.demo.cloud.local',
    'a.b.demo.localhost',
    'www.example.org',
    'demo.cloud.local',
  ]
  assert.deepEqual(
    zones.map((host) => zoneOf(one, host)),
    ['demo.cloud.local', 'demo.localhost', null, null],
  )
})

test('poolOf() takes how to balance from the policy', () => {
  const apps = new Map<string, App>([app('blue')])
  const balance = { kind: 'hash', on: 'x-user' } as const
  assert.deepEqual(pool({ 'blue.demo': 1 }, apps, { balance }).balance, balance)
  assert.equal('balance' in pool({ 'blue.demo': 1 }, apps), false)
})
