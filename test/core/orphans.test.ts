import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ORPHAN_GRACE_MS, orphansOf, type LabelledObject } from '../../src/core/orphans.ts'

const NOW = new Date('2026-01-01T12:00:00Z')
const ago = (ms: number): Date => new Date(NOW.getTime() - ms)

function object(n: number, rest: Partial<LabelledObject> = {}): LabelledObject {
  const kind = rest.kind ?? 'container'
  const [id, engineId] = [`id-${kind}-${n}`, `engine-${kind}-${n}`]
  const made = { kind, tenant: 'acme', id, engineId, createdAt: ago(2 * ORPHAN_GRACE_MS) }
  return { ...made, name: `cl-acme-${kind}-${id}`, ...rest }
}
const objects = (count: number): LabelledObject[] =>
  Array.from({ length: count }, (_, n) => object(n))

interface Case {
  readonly known?: readonly LabelledObject[]
  readonly seenAgoMs?: number
}

const ids = (some: readonly LabelledObject[]) => some.map(({ id }) => id)

/** Everything was first seen long ago, unless the case says otherwise. */
function judged(all: readonly LabelledObject[], { known = [], seenAgoMs }: Case = {}) {
  const seen = ago(seenAgoMs ?? ORPHAN_GRACE_MS)
  const found = orphansOf({
    objects: all,
    known: new Set(known.map(({ id }) => id)),
    firstSeen: new Map(all.map(({ engineId }) => [engineId, seen])),
    now: NOW,
  })
  return { due: ids(found.due), waiting: ids(found.waiting), braked: found.braked }
}

const braked = (due: number, all: number): boolean =>
  judged(objects(all), { known: objects(all).slice(due) }).braked

test('orphansOf() knows nothing of what rows know', () => {
  const all = objects(3)
  assert.deepEqual(judged(all, { known: all }), { due: [], waiting: [], braked: false })
})

test('orphansOf() lets an orphan wait after its creation, and after it was first seen', () => {
  const young = object(1, { createdAt: ago(ORPHAN_GRACE_MS - 1) })
  const old = object(2, { createdAt: ago(ORPHAN_GRACE_MS) })
  const both = judged([young, old])
  assert.deepEqual(both, { due: [old.id], waiting: [young.id], braked: false })
  const justSeen = judged([old], { seenAgoMs: ORPHAN_GRACE_MS - 1 })
  assert.deepEqual(justSeen, { due: [], waiting: [old.id], braked: false })
})

test('orphansOf() lets one wait that it is told of for the first time', () => {
  const facts = { objects: objects(1), known: new Set<string>(), firstSeen: new Map(), now: NOW }
  assert.equal(orphansOf(facts).waiting.length, 1)
})

test('orphansOf() lets a network wait while its tenant has containers that nobody knows', () => {
  const network = object(1, { kind: 'network' })
  const inside = object(2)
  assert.deepEqual(judged([network, inside]).waiting, [network.id])
  assert.deepEqual(judged([network]).due, [network.id])
  assert.deepEqual(judged([network, { ...inside, tenant: 'other' }]).waiting, [])
})

test('orphansOf() brakes at more than ten, and at more than a fifth', () => {
  assert.deepEqual(
    [braked(10, 1000), braked(11, 1000), braked(2, 2), braked(3, 15), braked(3, 14)],
    [false, true, false, false, true],
  )
})

test('orphansOf() puts each orphan into one list, and nothing that is known or young is due', () => {
  const anObject = fc.record({
    n: fc.nat(30),
    kind: fc.constantFrom('container' as const, 'network' as const),
    tenant: fc.constantFrom('acme', 'other'),
    ageMs: fc.nat(2 * ORPHAN_GRACE_MS),
    seenAgoMs: fc.option(fc.nat(2 * ORPHAN_GRACE_MS)),
    isKnown: fc.boolean(),
  })
  const all = fc.uniqueArray(anObject, { selector: ({ n, kind }) => `${kind}${n}` })
  fc.assert(
    fc.property(all, (made) => {
      const built = made.map(({ n, kind, tenant, ageMs, ...rest }) => ({
        ...rest,
        ...object(n, { kind, tenant, createdAt: ago(ageMs) }),
      }))
      const known = new Set(built.filter(({ isKnown }) => isKnown).map(({ id }) => id))
      const firstSeen = new Map(
        built.flatMap(({ engineId, seenAgoMs }) =>
          seenAgoMs === null ? [] : [[engineId, ago(seenAgoMs)] as const],
        ),
      )
      const {
        due,
        waiting,
        braked: isBraked,
      } = orphansOf({ objects: built, known, firstSeen, now: NOW })
      const listed = ids([...due, ...waiting]).toSorted()
      const unknown = built.filter(({ isKnown }) => !isKnown).map(({ id }) => id)
      assert.deepEqual(listed, unknown.toSorted())
      const limit = ago(ORPHAN_GRACE_MS)
      assert.ok(
        due.every(({ createdAt, firstSeenAt }) => createdAt <= limit && firstSeenAt <= limit),
      )
      assert.ok(isBraked || due.length <= 10)
    }),
  )
})
