import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequestHead } from '../../../proxy/core/http-request.ts'
import type { Balance } from '../../../proxy/core/route.ts'
import type { Member } from '../../../proxy/core/route-table.ts'
import type { App } from '../../../proxy/core/routing.ts'
import type { Backend } from '../../../proxy/ingress/backend.ts'
import { Balancer } from '../../../proxy/ingress/balancer.ts'
import { noCounters } from '../../../proxy/ingress/context.ts'
import { INGRESS_LIMITS } from '../../../proxy/ingress/limits.ts'
import { get, member } from './kit.ts'

const MEMBERS = [1, 2, 3, 4].map((port) => member(port, { id: `m${port}` }))

function balancerOf(workers = 1): Balancer {
  const deps = { limits: INGRESS_LIMITS, counters: noCounters(), now: Date.now, workers }
  const balancer = new Balancer(deps)
  balancer.update(MEMBERS)
  return balancer
}

function asking(balance: Balance, admit: () => boolean = () => false) {
  const head = readRequestHead(Buffer.from(get('/')))
  assert.ok(head.kind === 'head')
  return { balance, isQueued: false, head, peer: '192.0.2.1', admit }
}

const appOf = (members: readonly Member[], over: Partial<App> = {}): App => ({
  key: 'hello.demo',
  tenant: 'demo',
  members,
  ...over,
})

const idsOf = (order: readonly Backend[] | null): string | undefined =>
  order?.map((one) => one.member.id).join(' ')

test('who is asked in turn is found without anything being made for it', () => {
  const balancer = balancerOf()
  const inTurn = asking({ kind: 'round-robin' })
  const app = appOf(MEMBERS)
  const orders = Array.from({ length: 40 }, () => balancer.order(app, MEMBERS, inTurn))
  assert.equal(new Set(orders).size, 4, 'the same four lists, over and over')
  assert.deepEqual(orders.slice(0, 5).map(idsOf), [
    'm1 m2 m3',
    'm2 m3 m4',
    'm3 m4 m1',
    'm4 m1 m2',
    'm1 m2 m3',
  ])
})

test('turns go on where they were when the table changes', () => {
  const balancer = balancerOf()
  const first = (): string | undefined =>
    balancer.order(appOf(MEMBERS), MEMBERS, asking({ kind: 'round-robin' }))?.[0]?.member.id
  const heard = [first(), first()]
  for (let i = 0; i < 3; i += 1) {
    balancer.update(MEMBERS)
    heard.push(first())
  }
  assert.deepEqual(heard, ['m1', 'm2', 'm3', 'm4', 'm1'])
})

test('apps of a route get requests by their weights', () => {
  const [blue, canary] = MEMBERS
  assert.ok(blue && canary)
  const members = [blue, canary]
  const route = appOf(members, {
    key: 'route/r1',
    weights: new Map([
      [blue, 1],
      [canary, 1 / 9],
    ]),
  })
  for (const kind of ['round-robin', 'least-requests', 'two-choices'] as const) {
    const balancer = balancerOf()
    let count = 0
    for (let i = 0; i < 5000; i += 1) {
      if (balancer.order(route, members, asking({ kind }))?.[0]?.member === canary) count += 1
    }
    assert.ok(Math.abs(count - 500) < 110, `${kind}: ${count} of 5000 are to be a tenth`)
  }
})

test('a request of a route waits for a member that its own host keeps busy', async () => {
  const balancer = balancerOf()
  const [only] = MEMBERS
  assert.ok(only)
  const members = [only]
  const [backend] = balancer.order(appOf(members), members, asking({ kind: 'round-robin' })) ?? []
  assert.ok(backend)
  backend.begun()
  const route = appOf(members, { key: 'route/r1' })
  let isThere = false
  const waits = asking({ kind: 'round-robin', maxRequests: 1 }, () => {
    isThere = balancer.order(route, members, { ...waits, isQueued: true }) !== null
    return isThere
  })
  assert.equal(balancer.order(route, members, waits), null)
  assert.ok(balancer.wait(route.key, waits, null))
  assert.equal(balancer.order(route, members, asking(waits.balance)), null, 'comes after it')
  backend.over()
  await Promise.resolve()
  assert.ok(isThere)
  assert.equal(balancer.queued, 0)
})

test('each worker has its part of a limit, rounded up', () => {
  for (const [maxRequests, workers, most] of [
    [10, 4, 3],
    [1, 4, 1],
    [8, 4, 2],
    [5, 1, 5],
  ] as const) {
    const balancer = balancerOf(workers)
    const [only] = MEMBERS
    assert.ok(only)
    const app = appOf([only])
    const limited = asking({ kind: 'round-robin', maxRequests })
    for (let i = 0; i < most; i += 1) balancer.order(app, app.members, limited)?.[0]?.begun()
    assert.equal(balancer.order(app, app.members, limited), null)
    assert.equal(balancer.inFlight().get('m1'), most)
  }
})
