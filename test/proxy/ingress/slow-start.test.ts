import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequestHead } from '../../../proxy/core/http-request.ts'
import type { Balance } from '../../../proxy/core/route.ts'
import type { Member } from '../../../proxy/core/route-table.ts'
import type { Backend } from '../../../proxy/ingress/backend.ts'
import { Balancer } from '../../../proxy/ingress/balancer.ts'
import { noCounters } from '../../../proxy/ingress/context.ts'
import { INGRESS_LIMITS } from '../../../proxy/ingress/limits.ts'
import { CHECK, get, member } from './kit.ts'

const SLOW_MS = 10_000
const TIMES = 3000
const head = readRequestHead(Buffer.from(get('/')))

/** Members on a clock that is moved by hand. */
function worldOf(members: readonly Member[]) {
  const clock = { nowMs: 1_000_000 }
  const limits = { ...INGRESS_LIMITS, settleMs: 0 }
  const balancer = new Balancer({ limits, counters: noCounters(), now: () => clock.nowMs })
  const app = { key: 'hello.demo', tenant: 'demo', members }
  const orderOf = (kind: Balance['kind']): readonly Backend[] => {
    assert.ok(head.kind === 'head')
    const balance = { kind, slowStartMs: SLOW_MS }
    const order = balancer.order(app, members, { balance, isQueued: false, head, peer: '' })
    assert.ok(order, 'somebody is asked')
    return order
  }
  balancer.update(members)
  return {
    clock,
    balancer,
    backendOf: (id: string): Backend => {
      const found = orderOf('least-requests').find((one) => one.member.id === id)
      assert.ok(found)
      return found
    },
    /** How often a member is asked first, of all times. */
    share: (kind: Balance['kind'], id: string): number => {
      let count = 0
      for (let i = 0; i < TIMES; i += 1) if (orderOf(kind)[0]?.member.id === id) count += 1
      return count / TIMES
    },
  }
}

const isAbout = (share: number, wanted: number): void =>
  assert.ok(Math.abs(share - wanted) < 0.04, `${share} where ${wanted} was expected`)

test('a member that becomes healthy gets its share step by step', () => {
  const late = member(2, { id: 'late', check: CHECK })
  const { clock, balancer, share } = worldOf([member(1, { id: 'there' }), late])
  clock.nowMs += SLOW_MS
  balancer.news((one) => one === late)
  isAbout(share('round-robin', 'late'), 0.05 / 1.05)
  clock.nowMs += SLOW_MS / 2
  isAbout(share('round-robin', 'late'), 1 / 3)
  balancer.news((one) => one === late)
  isAbout(share('round-robin', 'late'), 1 / 3)
  clock.nowMs += SLOW_MS / 2
  isAbout(share('round-robin', 'late'), 1 / 2)
})

test('one that is unhealthy in between begins anew', () => {
  const late = member(2, { id: 'late', check: CHECK })
  const { clock, balancer, share } = worldOf([member(1, { id: 'there' }), late])
  balancer.news((one) => one === late)
  clock.nowMs += SLOW_MS
  balancer.news(() => false)
  clock.nowMs += SLOW_MS
  balancer.news((one) => one === late)
  clock.nowMs += SLOW_MS / 10
  isAbout(share('round-robin', 'late'), 1 / 11)
})

test('a member whose ejection is over gets its share step by step', () => {
  const { clock, backendOf, share } = worldOf([
    member(1, { id: 'there' }),
    member(2, { id: 'bad' }),
  ])
  clock.nowMs += SLOW_MS
  const bad = backendOf('bad')
  for (let i = 0; i < INGRESS_LIMITS.failuresToEject; i += 1) bad.failed()
  assert.equal(share('round-robin', 'bad'), 0)
  clock.nowMs += INGRESS_LIMITS.ejectFirstMs + SLOW_MS / 2
  isAbout(share('round-robin', 'bad'), 1 / 3)
  bad.answered()
  isAbout(share('round-robin', 'bad'), 1 / 3)
  clock.nowMs += SLOW_MS
  isAbout(share('round-robin', 'bad'), 1 / 2)
})

test('one of several that begin at the same time gets as much as the others', () => {
  const { share } = worldOf([1, 2, 3].map((port) => member(port, { id: `m${port}` })))
  for (const kind of ['round-robin', 'two-choices', 'least-requests'] as const) {
    for (const id of ['m1', 'm2', 'm3']) isAbout(share(kind, id), 1 / 3)
  }
})

test('where all are ejected they are asked as if none were', () => {
  const { backendOf, share } = worldOf([1, 2].map((port) => member(port, { id: `m${port}` })))
  for (const id of ['m1', 'm2']) {
    const one = backendOf(id)
    for (let i = 0; i < INGRESS_LIMITS.failuresToEject; i += 1) one.failed()
  }
  isAbout(share('least-requests', 'm1'), 1 / 2)
  isAbout(share('round-robin', 'm1'), 1 / 2)
})
