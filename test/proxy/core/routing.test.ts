import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipv4 } from '../../../proxy/core/dns-address.ts'
import type { Member, RouteTable } from '../../../proxy/core/route-table.ts'
import {
  NO_HEALTH,
  choose,
  compileRouting,
  healthOf,
  mergeHealth,
  pruneHealth,
} from '../../../proxy/core/routing.ts'
import type { App, Choice, Health } from '../../../proxy/core/routing.ts'

const CHECK = {
  kind: 'http',
  port: 80,
  path: '/',
  intervalMs: 1000,
  timeoutMs: 1000,
  retries: 3,
  startPeriodMs: 0,
} as const

function member(id: string, over: Partial<Member> = {}): Member {
  return {
    id,
    tenant: 'demo',
    name: 'hello',
    address: '10.208.1.2',
    state: 'running',
    run: 1,
    port: 8080,
    check: null,
    ...over,
  }
}

function table(...members: readonly Member[]): RouteTable {
  return {
    version: 1,
    instance: 'test',
    domains: ['Cloud.Local', 'localhost'],
    internalDomain: 'internal',
    pool: '10.208.0.0/12',
    tenants: ['demo'],
    members,
  }
}

function app(...members: readonly Member[]): App {
  const found = compileRouting(table(...members)).find('hello.demo.cloud.local')
  assert.ok(found)
  return found
}

function health(states: Readonly<Record<string, boolean>>, run = 1): Health {
  const reports = Object.entries(states).map(([id, healthy]) => ({
    id,
    run,
    healthy,
    reason: 'why',
  }))
  return mergeHealth(NO_HEALTH, reports)
}

function tried(choice: Choice): string[] {
  assert.ok(choice.kind === 'try', choice.kind)
  return choice.members.map(({ id }) => id)
}

test('compileRouting() finds an app under every domain, and nothing else', () => {
  const routing = compileRouting(table(member('a'), member('b'), member('c', { name: 'other' })))
  assert.deepEqual(
    routing.find('hello.demo.cloud.local')?.members.map(({ id }) => id),
    ['a', 'b'],
  )
  assert.equal(routing.find('hello.demo.localhost')?.key, 'hello.demo')
  for (const host of [
    '',
    'hello.demo',
    'demo.cloud.local',
    'x.hello.demo.cloud.local',
    'hello.demo.internal',
  ]) {
    assert.equal(routing.find(host), undefined, host)
  }
})

test('a container without a port is no app', () => {
  assert.equal(compileRouting(table(member('a', { port: null }))).apps.size, 0)
})

test('choose() prefers healthy members, and then those of which nothing is known', () => {
  const checked = app(member('a', { check: CHECK }), member('b', { check: CHECK }))
  assert.deepEqual(tried(choose(checked, NO_HEALTH)), ['a', 'b'])
  assert.deepEqual(tried(choose(checked, health({ b: true }))), ['b'])
  assert.deepEqual(tried(choose(checked, health({ b: false }))), ['a'])
})

test('choose() waits only if nobody runs who could be asked', () => {
  const starting = member('s', { state: 'starting' })
  assert.deepEqual(choose(app(starting), NO_HEALTH), { kind: 'wait' })
  assert.deepEqual(tried(choose(app(starting, member('a')), NO_HEALTH)), ['a'])
  const sick = member('a', { check: CHECK })
  assert.equal(choose(app(starting, sick), health({ a: false })).kind, 'wait')
})

test('choose() says why an app is not available', () => {
  const stopped = choose(app(member('a', { state: 'stopped' })), NO_HEALTH)
  assert.ok(stopped.kind === 'unavailable' && stopped.code === 'not-running')
  const sick = choose(app(member('a', { check: CHECK })), health({ a: false }))
  assert.ok(sick.kind === 'unavailable' && sick.code === 'unhealthy')
  assert.match(sick.reason, /\(why\)$/)
})

test('choose() asks nobody of a tenant that is suspended, whatever the health checks have found', () => {
  const members = [
    member('a', { state: 'suspended', check: CHECK }),
    member('b', { state: 'suspended' }),
  ]
  const choice = choose(app(...members), health({ a: true }))
  assert.deepEqual(choice, {
    kind: 'unavailable',
    code: 'suspended',
    reason: 'its tenant is suspended',
  })
})

test('health of an earlier run says nothing', () => {
  const restarted = member('a', { check: CHECK, run: 2 })
  assert.equal(healthOf(restarted, health({ a: false }, 1)), 'pending')
  assert.equal(healthOf(restarted, health({ a: true }, 2)), 'healthy')
  const late = mergeHealth(health({ a: true }, 2), [
    { id: 'a', run: 1, healthy: false, reason: '' },
  ])
  assert.equal(healthOf(restarted, late), 'healthy')
})

test('a member without a check is healthy when it runs', () => {
  assert.equal(healthOf(member('a'), NO_HEALTH), 'healthy')
})

test('pruneHealth() forgets whoever is gone', () => {
  const pruned = pruneHealth(health({ a: true, b: true }), table(member('b')))
  assert.deepEqual([...pruned.keys()], ['b'])
})

test('tenantAt() says whose container has an address, nobody’s in a range of containers, and null outside', () => {
  const one = member('one')
  const places = [{ network: 'n', address: '192.168.7.3', aliases: [] }]
  const two = member('two', { tenant: 'acme', address: '10.208.2.2', places })
  const routing = compileRouting({
    ...table(one, two),
    pool: '10.208.0.0/12',
    ranges: ['192.168.7.0/24'],
  })
  const at = (text: string): string | null => routing.tenantAt(ipv4(text) ?? Number.NaN)
  assert.deepEqual(
    ['10.208.1.2', '10.208.2.2', '192.168.7.3', '192.168.7.4', '10.208.9.9', '10.1.2.3'].map(at),
    ['demo', 'acme', 'acme', '', '', null],
  )
})
