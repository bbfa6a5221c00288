import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { recordsAnswer } from '../../../proxy/core/dns-answer.ts'
import { nameBytes, nameKey } from '../../../proxy/core/dns-name.ts'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import { SAID, type NameEntry } from '../../../proxy/core/name-pack.ts'
import { NOWHERE, nameStore, placeOf } from '../../../proxy/core/name-store.ts'

const keyOf = (text: string): string => nameKey(text) ?? ''

function entry(n: number): NameEntry {
  const data = [Buffer.from([10, 0, n >> 8, n & 255])]
  const records = new Map([[TYPE.A, recordsAnswer(TYPE.A, 5, data)]])
  return {
    owners: n,
    noData: n + 1,
    apex: n + 2,
    said: n % 2 === 1 ? SAID.byView : SAID.alike,
    records,
  }
}

const label = fc.stringMatching(/^[a-z0-9_-]{1,8}$/)
const names = fc.uniqueArray(
  fc.array(label, { maxLength: 4 }).map((all) => all.join('.')),
  {
    maxLength: 60,
  },
)

test('a name store finds each of its names, with what is kept there, and no other', () => {
  fc.assert(
    fc.property(names, names, fc.nat(0xffff), (kept, others, seed) => {
      const entries = new Map(kept.map((text, n) => [keyOf(text), entry(n)] as const))
      const store = nameStore(entries, seed)
      for (const [n, text] of kept.entries()) {
        const place = placeOf(store, keyOf(text))
        assert.deepEqual(
          [store.owners(place), store.noData(place), store.apex(place), store.said(place)],
          [n, n + 1, n + 2, n % 2],
        )
        const found = store.answer(place, TYPE.A)
        assert.deepEqual(
          found?.bytes.subarray(found.end - 4, found.end),
          Buffer.from([10, 0, 0, n]),
        )
        assert.equal(store.answer(place, TYPE.AAAA), null)
      }
      for (const text of others) {
        if (!kept.includes(text)) assert.equal(placeOf(store, keyOf(text)), NOWHERE)
      }
    }),
    { numRuns: 200 },
  )
})

test('a name store finds every name that one ends with, in any case of letters', () => {
  const entries = new Map(['b.c', 'c', '.'].map((text, n) => [keyOf(text), entry(n)] as const))
  const store = nameStore(entries, 7)
  const packet = Buffer.concat([Buffer.from('head'), nameBytes('\x01A\x01b\x01C\0')])
  assert.equal(store.read(packet, 4, packet.length), 4)
  const owners = [0, 1, 2, 3].map((i) => {
    const place = store.find(i)
    return place === NOWHERE ? null : store.owners(place)
  })
  assert.deepEqual(owners, [null, 0, 1, 2])
})

test('letters are those of ASCII alone: other bytes differ by their 32', () => {
  const store = nameStore(new Map([['\x02\xe4a\0', entry(1)]]), 7)
  assert.notEqual(placeOf(store, '\x02\xe4a\0'), NOWHERE)
  assert.equal(placeOf(store, '\x02\xc4a\0'), NOWHERE)
  assert.equal(placeOf(store, '\x02\xe4\x41\0'), placeOf(store, '\x02\xe4a\0'))
})

test('what a hundred thousand names take is some dozens of bytes each', () => {
  const entries = new Map(
    Array.from({ length: 100_000 }, (_, n) => [keyOf(`web-${n}.demo.internal`), entry(n)]),
  )
  const store = nameStore(entries, 7)
  assert.equal(store.owners(placeOf(store, keyOf('web-99999.demo.internal'))), 99_999)
  assert.ok(store.sizeBytes / entries.size < 96, `${store.sizeBytes / entries.size}`)
})
