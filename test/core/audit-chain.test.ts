import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  type AuditFields,
  type AuditLink,
  flawAtHead,
  followed,
  headOf,
  headText,
  linkText,
  type MacOf,
  NO_ENTRY,
} from '../../src/core/audit-chain.ts'

const macOf: MacOf = (rootKey, text) =>
  rootKey > 9 ? undefined : createHmac('sha256', `key ${rootKey}`).update(text).digest('base64url')

const said = fc.record({
  time: fc.nat(),
  actor: fc.string({ maxLength: 9 }),
  keyId: fc.option(fc.string({ maxLength: 9 })),
  tenant: fc.option(fc.string({ maxLength: 9 })),
  action: fc.string({ maxLength: 9 }),
  target: fc.string({ unit: 'binary', maxLength: 9 }),
  result: fc.string({ maxLength: 9 }),
  status: fc.nat({ max: 599 }),
  requestId: fc.string({ maxLength: 9 }),
  sourceAddress: fc.string({ maxLength: 9 }),
  rootKey: fc.integer({ min: 1, max: 9 }),
})
type Said = Omit<AuditFields, 'chain' | 'seq'>

/** As the platform writes them. */
function chainOf(entries: readonly Said[]): AuditLink[] {
  let [seq, previous] = [0, '']
  return entries.map((entry) => {
    const fields = { ...entry, chain: 'platform', seq: ++seq }
    previous = macOf(fields.rootKey, linkText(fields, previous)) ?? ''
    return { ...fields, mac: previous }
  })
}

const chain = fc.array(said, { minLength: 3, maxLength: 12 }).map(chainOf)
/** A chain, and a place in it. */
const placed = chain.chain((links) =>
  fc.tuple(fc.constant(links), fc.nat({ max: links.length - 1 })),
)
const check = <T>(values: fc.Arbitrary<T>, holds: (value: T) => void): void =>
  fc.assert(fc.property(values, holds), { numRuns: 100 })

test('followed() finds a chain good from its beginning, and from any entry of it', () => {
  check(placed, ([links, at]) => {
    const end = links.at(-1)
    const head = { seq: end?.seq, mac: end?.mac }
    assert.deepEqual(followed(NO_ENTRY, links, macOf), { head, bad: null })
    const from = links[at] ?? NO_ENTRY
    assert.deepEqual(followed({ seq: from.seq, mac: from.mac }, links.slice(at + 1), macOf), {
      head,
      bad: null,
    })
  })
})

test('followed() names an entry of which anything was changed', () => {
  const FIELDS = [
    ['time', 1],
    ['actor', 'x'],
    ['keyId', 'x'],
    ['tenant', 'x'],
    ['action', 'x'],
    ['target', 'x'],
    ['result', 'x'],
    ['status', 1],
    ['requestId', 'x'],
    ['sourceAddress', 'x'],
    ['mac', 'x'],
    ['chain', 'x'],
  ] as const
  check(fc.tuple(placed, fc.constantFrom(...FIELDS)), ([[links, at], [field, by]]) => {
    const link = links[at]
    assert.ok(link)
    const was = link[field]
    const changed = typeof by === 'number' ? Number(was) + by : `${was ?? ''}${by}`
    const forged = links.with(at, { ...link, [field]: changed })
    assert.deepEqual(followed(NO_ENTRY, forged, macOf).bad, { seq: at + 1, flaw: 'changed' })
  })
})

test('followed() names an entry whose text moved from one field into the next', () => {
  check(placed, ([links, at]) => {
    const link = links[at]
    assert.ok(link)
    const moved = { ...link, action: `${link.action}${link.target}x`, target: '' }
    assert.equal(followed(NO_ENTRY, links.with(at, moved), macOf).bad?.seq, at + 1)
  })
})

test('followed() names an entry that was removed, unless it was the last', () => {
  check(placed, ([links, at]) => {
    const { bad } = followed(NO_ENTRY, links.toSpliced(at, 1), macOf)
    const isLast = at === links.length - 1
    assert.deepEqual(bad, isLast ? null : { seq: at + 1, flaw: 'missing' })
  })
})

test('followed() names a removed entry also when those after it were numbered anew', () => {
  check(placed, ([links, at]) => {
    const closed = links.toSpliced(at, 1).map((link, index) => ({ ...link, seq: index + 1 }))
    const { bad } = followed(NO_ENTRY, closed, macOf)
    const isLast = at === links.length - 1
    assert.deepEqual(bad, isLast ? null : { seq: at + 1, flaw: 'changed' })
  })
})

test('followed() names the first of two entries that changed places', () => {
  check(placed, ([links, at]) => {
    const [one, other] = [links[at], links[at + 1]]
    if (one === undefined || other === undefined) return
    const swapped = links.with(at, other).with(at + 1, one)
    assert.deepEqual(followed(NO_ENTRY, swapped, macOf).bad, { seq: at + 1, flaw: 'missing' })
    const numbered = swapped.map((link, index) => ({ ...link, seq: index + 1 }))
    assert.deepEqual(followed(NO_ENTRY, numbered, macOf).bad, { seq: at + 1, flaw: 'changed' })
  })
})

test('followed() names an entry that was put in, made up or repeated', () => {
  check(fc.tuple(placed, said), ([[links, at], made]) => {
    const link = links[at]
    assert.ok(link)
    const madeUp = { ...made, chain: 'platform', seq: at + 1, mac: link.mac }
    const added = links.toSpliced(at, 0, madeUp)
    assert.equal(followed(NO_ENTRY, added, macOf).bad?.seq, at + 1)
    const repeated = links.toSpliced(at, 0, link)
    assert.deepEqual(followed(NO_ENTRY, repeated, macOf).bad, { seq: at + 1, flaw: 'misplaced' })
  })
})

test('followed() says of an entry under an unknown root key that it cannot be told', () => {
  const links = chainOf(fc.sample(said, 3)).map((link) => ({ ...link, rootKey: 10 }))
  assert.deepEqual(followed(NO_ENTRY, links, macOf).bad, { seq: 1, flaw: 'unknown-key' })
})

test('flawAtHead() finds by a noted head what was cut off at the end, or written anew', () => {
  check(fc.tuple(placed, placed), ([[links, at], [others]]) => {
    const noted = links.at(-1)
    assert.ok(noted)
    const cut = links.slice(0, at)
    const { head: end, bad } = followed(NO_ENTRY, cut, macOf)
    assert.equal(bad, null)
    assert.deepEqual(flawAtHead(noted, end, end), { seq: at + 1, flaw: 'truncated' })
    assert.equal(flawAtHead(noted, noted, noted), null)
    const other = others[at]
    if (other === undefined || other.mac === links[at]?.mac) return
    const here = links[at] ?? noted
    assert.deepEqual(flawAtHead(here, other, other), { seq: here.seq, flaw: 'changed' })
  })
})

test('headOf() reads what headText() writes, and nothing else', () => {
  const head = { seq: 17, mac: 'a'.repeat(43) }
  assert.deepEqual(headOf(headText(head)), head)
  for (const text of ['', '17', `x:${head.mac}`, `17:${head.mac}a`, `-1:${head.mac}`]) {
    assert.equal(headOf(text), null)
  }
})
