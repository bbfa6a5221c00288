import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Measures } from '../../proxy/link.ts'
import { EdgeTotals, NO_TOTALS } from '../../src/core/edge-totals.ts'

const everybody = (): boolean => true

interface Said {
  readonly epoch?: string
  readonly role?: Measures['role']
  readonly numbers?: readonly number[]
  readonly process?: Readonly<Record<string, number>>
  readonly tenant?: string
}

const said = ({
  epoch = 'a',
  role = 'ingress-0',
  numbers = [],
  process = {},
  tenant = 'demo',
}: Said): Measures => ({
  role,
  epoch,
  seq: 1,
  process,
  series: [{ tenant, app: `web.${tenant}`, numbers }],
})

const numbersOf = (totals: EdgeTotals): readonly number[] | undefined =>
  totals.rows('ingress')[0]?.numbers

test('what workers count side by side is added, and each only once', () => {
  const totals = new EdgeTotals(NO_TOTALS)
  totals.add(said({ numbers: [1, 5] }), 0)
  totals.add(said({ role: 'ingress-1', numbers: [2, 0] }), 0)
  totals.add(said({ numbers: [3, 5] }), 0)
  assert.deepEqual(numbersOf(totals), [5, 5])
})

test('a worker that is started anew goes on where the one before has ended', () => {
  const totals = new EdgeTotals(NO_TOTALS)
  totals.add(said({ numbers: [7], process: { requests: 7, open: 3 } }), 0)
  totals.add(said({ epoch: 'b', numbers: [1], process: { requests: 2, open: 1 } }), 1)
  totals.add(said({ numbers: [8], process: { requests: 8, open: 1 } }), 2)
  assert.deepEqual(numbersOf(totals), [9])
  const [role] = totals.roles(1)
  assert.deepEqual(role, {
    role: 'ingress-0',
    processes: 2,
    sums: { requests: 10 },
    now: { open: 2 },
  })
  assert.deepEqual(totals.roles(3)[0]?.now, {}, 'of whoever was not heard since, nothing is said')
})

test('what is kept goes on in another life, with the processes that have outlived it', () => {
  const first = new EdgeTotals(NO_TOTALS)
  first.add(said({ numbers: [7] }), 0)
  const second = new EdgeTotals(JSON.parse(JSON.stringify(first.kept())))
  second.add(said({ numbers: [9] }), 1)
  assert.deepEqual(numbersOf(second), [9])
})

test('what has not moved for a day, and a tenant that is no more, are forgotten', () => {
  const totals = new EdgeTotals(NO_TOTALS)
  totals.add(said({ numbers: [1] }), 0)
  totals.add(said({ tenant: 'other', numbers: [1] }), 0)
  totals.sweep(0, (tenant) => tenant === 'demo')
  assert.deepEqual(
    totals.rows('ingress').map(({ tenant }) => tenant),
    ['demo'],
  )
  totals.sweep(25 * 60 * 60_000, everybody)
  assert.deepEqual(totals.rows('ingress'), [])
})

test('sums never go down and lose nothing that was said, whoever is started anew and when', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('count' as const), worker: fc.nat(1), by: fc.nat(9) }),
    fc.record({ kind: fc.constant('say' as const), worker: fc.nat(1) }),
    fc.record({ kind: fc.constant('restart' as const), worker: fc.nat(1) }),
    fc.record({ kind: fc.constant('life' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const workers = [0, 1].map(() => ({ epoch: 0, counted: 0, told: 0 }))
      let totals = new EdgeTotals(NO_TOTALS)
      let [told, before] = [0, 0]
      for (const one of steps) {
        if (one.kind === 'life') totals = new EdgeTotals(JSON.parse(JSON.stringify(totals.kept())))
        else {
          const worker = workers[one.worker]
          assert.ok(worker)
          if (one.kind === 'count') worker.counted += one.by
          if (one.kind === 'restart') {
            Object.assign(worker, { epoch: worker.epoch + 1, counted: 0, told: 0 })
          }
          if (one.kind === 'say') {
            const [epoch, numbers] = [`${worker.epoch}`, [worker.counted]]
            totals.add(said({ role: `ingress-${one.worker}`, epoch, numbers }), 0)
            told += worker.counted - worker.told
            worker.told = worker.counted
          }
        }
        const now = numbersOf(totals)?.[0] ?? 0
        assert.ok(now >= before)
        before = now
      }
      assert.equal(before, told)
    }),
  )
})
