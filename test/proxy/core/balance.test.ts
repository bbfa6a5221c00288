import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  array,
  assert as check,
  constant,
  constantFrom,
  double,
  nat,
  oneof,
  property,
  record,
} from 'fast-check'
import { hashOfText, picked, warmth, type Crowd } from '../../../proxy/core/balance.ts'
import type { Balance } from '../../../proxy/core/route.ts'

interface One {
  readonly id: string
  load: number
  weight: number
}

const KINDS = ['round-robin', 'least-requests', 'two-choices', 'hash'] as const

function ones(count: number, over: Partial<One> = {}): One[] {
  return Array.from({ length: count }, (_, i) => ({ id: `m${i}`, load: 0, weight: 1, ...over }))
}

function crowd(all: readonly One[]): Crowd {
  const at = (place: number): One => {
    const one = all[place]
    assert.ok(one, `there is a place ${place}`)
    return one
  }
  return {
    size: all.length,
    load: (place) => at(place).load,
    weight: (place) => at(place).weight,
    hash: (place) => hashOfText(at(place).id),
  }
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function chance(seed = 1): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How often each place is picked, of so many times. */
function tally(kind: Balance['kind'], all: readonly One[], times: number): number[] {
  const counts = all.map(() => 0)
  const random = chance()
  const them = crowd(all)
  for (let turn = 0; turn < times; turn += 1) {
    const place = picked(kind, them, { turn, random, key: hashOfText(`key ${turn}`) })
    counts[place] = (counts[place] ?? 0) + 1
  }
  return counts
}

const near = (count: number | undefined, wanted: number): boolean =>
  count !== undefined && Math.abs(count - wanted) < wanted * 0.15

test('picked() by round robin asks each in turn', () => {
  const them = crowd(ones(3))
  const places = [0, 1, 2, 3, 4].map((turn) =>
    picked('round-robin', them, { turn, key: 0, random: () => 0 }),
  )
  assert.deepEqual(places, [0, 1, 2, 0, 1])
})

test('picked() by least requests asks the least busy one, of equals the next in turn', () => {
  const all = ones(4, { load: 3 })
  all[1] = { id: 'm1', load: 1, weight: 1 }
  all[3] = { id: 'm3', load: 1, weight: 1 }
  const places = [0, 1, 2, 3, 4].map((turn) =>
    picked('least-requests', crowd(all), { turn, key: 0, random: () => 0 }),
  )
  assert.deepEqual(places, [1, 1, 3, 3, 1])
})

test('picked() by two choices asks the less busy one of two different members', () => {
  const all = ones(2)
  all[0] = { id: 'm0', load: 5, weight: 1 }
  assert.deepEqual(tally('two-choices', all, 500), [0, 500], 'both are looked at each time')
  const four = ones(4)
  four[2] = { id: 'm2', load: 9, weight: 1 }
  const counts = tally('two-choices', four, 6000)
  assert.equal(counts[2], 0)
  for (const place of [0, 1, 3]) assert.ok(near(counts[place], 2000), counts.join(' '))
})

/** Between the busiest and the least busy one, after so many requests that do not end. */
function spreadOf(kind: Balance['kind']): number {
  const all = ones(50)
  const random = chance()
  for (let turn = 0; turn < 5000; turn += 1) {
    const one = all[picked(kind, crowd(all), { turn, key: 0, random })]
    assert.ok(one)
    one.load += 1
  }
  const loads = all.map(({ load }) => load)
  return Math.max(...loads) - Math.min(...loads)
}

test('two choices keep 50 members nearly as even as looking at all of them does', () => {
  assert.equal(spreadOf('least-requests'), 0)
  assert.ok(spreadOf('two-choices') <= 8)
})

test('picked() by hash spreads keys evenly and asks the same member for the same key', () => {
  const counts = tally('hash', ones(10), 20_000)
  for (const count of counts) assert.ok(near(count, 2000), counts.join(' '))
  assert.deepEqual(tally('hash', ones(10), 20_000), counts)
})

test('when one of n members goes only its own keys move, about 1/n of them', () => {
  const all = ones(10)
  const fewer = all.filter(({ id }) => id !== 'm4')
  let moved = 0
  const keys = 20_000
  for (let i = 0; i < keys; i += 1) {
    const draw = { turn: 0, random: () => 0, key: hashOfText(`client ${i}`) }
    const before = all[picked('hash', crowd(all), draw)]?.id
    const after = fewer[picked('hash', crowd(fewer), draw)]?.id
    if (before !== after) {
      assert.equal(before, 'm4', 'nobody else loses a key')
      moved += 1
    }
  }
  assert.ok(near(moved, keys / 10), `${moved} moved`)
})

test('the order of members changes nothing for a key', () => {
  const all = ones(7)
  const other = all.toReversed()
  for (let i = 0; i < 500; i += 1) {
    const draw = { turn: i, random: () => 0, key: hashOfText(`${i}`) }
    assert.equal(
      all[picked('hash', crowd(all), draw)]?.id,
      other[picked('hash', crowd(other), draw)]?.id,
    )
  }
})

test('one key that everybody asks for does not bury its member', () => {
  const all = ones(5)
  const key = hashOfText('the same')
  for (let turn = 0; turn < 1000; turn += 1) {
    const one = all[picked('hash', crowd(all), { turn, key, random: () => 0 })]
    assert.ok(one)
    one.load += 1
  }
  assert.ok(Math.max(...all.map(({ load }) => load)) <= 250, 'at most a quarter above the mean')
})

test('a member of a tenth of a share gets about a tenth of what the others get', () => {
  for (const kind of ['round-robin', 'least-requests', 'hash'] as const) {
    const all = ones(4)
    all[1] = { id: 'm1', load: 0, weight: 0.1 }
    const counts = tally(kind, all, 31_000)
    assert.ok(near(counts[1], 1000), `${kind}: ${counts.join(' ')}`)
    assert.ok(near(counts[3], 10_000), `${kind}: ${counts.join(' ')}`)
  }
})

test('as requests pile up they are under way in the measure of the shares', () => {
  for (const kind of ['least-requests', 'two-choices'] as const) {
    const all = ones(3)
    all[1] = { id: 'm1', load: 0, weight: 0.25 }
    const random = chance()
    for (let turn = 0; turn < 900; turn += 1) {
      const one = all[picked(kind, crowd(all), { turn, key: 0, random })]
      assert.ok(one)
      one.load += 1
    }
    const loads = all.map(({ load }) => load)
    assert.ok((loads[1] ?? 0) > 80 && (loads[1] ?? 0) < 250, `${kind}: ${loads.join(' ')}`)
    assert.ok(near(loads[0], loads[2] ?? 0), `${kind}: ${loads.join(' ')}`)
  }
})

/** Who has the key when the third of five has a part of its share. */
function warmingOwner(weight: number, key: number): string | undefined {
  const all = ones(5)
  all[2] = { id: 'm2', load: 0, weight }
  return all[picked('hash', crowd(all), { turn: 0, random: () => 0, key })]?.id
}

test('a member that warms up takes keys from others and gives none of its own away', () => {
  for (let i = 0; i < 2000; i += 1) {
    const key = hashOfText(`${i}`)
    if (warmingOwner(0.3, key) === 'm2') assert.equal(warmingOwner(0.8, key), 'm2')
    if (warmingOwner(1, key) !== 'm2') assert.equal(warmingOwner(0.3, key), warmingOwner(1, key))
  }
})

test('picked() finds somebody who may be asked wherever there is one, and nobody else', () => {
  const asked = record({
    kind: constantFrom(...KINDS),
    loads: array(oneof(constant(Infinity), nat(50)), { maxLength: 12 }),
    weight: double({ min: 0.05, max: 1, noNaN: true }),
    turn: nat(),
    key: nat(),
    seed: nat(),
  })
  check(
    property(asked, ({ kind, loads, weight, turn, key, seed }) => {
      const them = crowd(loads.map((load, i) => ({ id: `m${i}`, load, weight })))
      const place = picked(kind, them, { turn, key, random: chance(seed) })
      if (loads.every((load) => load === Infinity)) return place === -1
      return place >= 0 && loads[place] !== Infinity
    }),
  )
})

test('warmth() grows in line with time from a little to a full share', () => {
  const shares = [0, 1000, 5000, 10_000, 60_000].map((since) => warmth(since, 10_000))
  assert.deepEqual(shares, [0.05, 0.1, 0.5, 1, 1])
  assert.equal(warmth(0, 0), 1)
})
