import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Challenge } from '../../proxy/core/challenges.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import type { CustomHost } from '../../src/core/custom-host.ts'
import type { NewEvent } from '../../src/core/event.ts'
import type { Refusal } from '../../src/ports/public-authority.ts'
import { publicCertificateKeeper } from '../../src/reconcile/public-certificates.ts'
import { publicKeyOf } from '../../src/reconcile/public-orders.ts'
import { FakePublicAuthority } from '../fakes/public-authority.ts'
import { world } from '../support/world.ts'

const [MINUTE_MS, DAY_MS] = [60_000, 24 * 3600_000]
const SHOP: CustomHost = { host: 'shop.example.org', tenantId: null }
const REFUSED: Refusal = {
  kind: 'refused',
  reason: 'connection refused',
  isRateLimited: false,
  retryAfterMs: 0,
}

async function house(...hosts: CustomHost[]) {
  const at = await world()
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-public-'))
  const keyRing = await openKeyRing({ path: join(folder, 'keys.json'), databaseHasKeys: false })
  const { store, time: clock } = at
  const authority = new FakePublicAuthority()
  const shown: (readonly Challenge[])[] = []
  const events: NewEvent[] = []
  const counts = { changed: 0 }
  const deps = {
    store,
    clock,
    keyRing,
    authority,
    directory: 'https://authority/directory',
    edge: { challenge: async (all: readonly Challenge[]) => void shown.push(all) },
    log: () => undefined,
    hosts: async () => hosts,
    record: async (_q: unknown, event: NewEvent) => void events.push(event),
    changed: () => void (counts.changed += 1),
  }
  return {
    authority,
    shown,
    events,
    counts,
    clock,
    hosts,
    keyRing,
    /** One life of the control plane. */
    keeper: () => publicCertificateKeeper(deps),
    rows: () => store.read.publicCertificates.all(),
    async [Symbol.asyncDispose](): Promise<void> {
      rmSync(folder, { recursive: true })
      await at[Symbol.asyncDispose]()
    },
  }
}

test('a host gets a certificate: the challenge is shown for as long as it is needed', async () => {
  await using at = await house(SHOP)
  const { keep } = at.keeper()
  await keep()
  await keep()
  assert.equal(at.authority.asked.length, 1)
  const kinds = at.shown.map((all) => all.map(({ kind, host }) => `${kind} ${host}`))
  assert.deepEqual(kinds, [['http-01 shop.example.org'], []])
  const [row] = await at.rows()
  assert.ok(row)
  assert.equal(row.certificate, 'shop.example.org by https://authority/order/1')
  assert.equal(publicKeyOf(at.keyRing, row), 'key for https://authority/order/1')
  assert.equal(row.sealedOrder, null)
  assert.deepEqual(
    at.events.map(({ action }) => action),
    ['certificate.issued'],
  )
  assert.equal(at.counts.changed, 1)
})

test('it is renewed when a third of its life is left, a little earlier for some hosts', async () => {
  await using at = await house(SHOP)
  const { keep } = at.keeper()
  await keep()
  at.clock.advance(55 * DAY_MS)
  await keep()
  assert.equal(at.authority.asked.length, 1)
  at.clock.advance(5 * DAY_MS)
  await keep()
  assert.equal(at.authority.asked.length, 2)
  assert.match(at.events.at(-1)?.message ?? '', /was renewed/)
})

test('a refused host is asked for at most four times in an hour, and by both methods', async () => {
  await using at = await house(SHOP)
  const { keep } = at.keeper()
  at.authority.answers.push(...Array.from({ length: 100 }, () => REFUSED))
  for (let minute = 0; minute < 60; minute++) {
    // oxlint-disable-next-line no-await-in-loop -- minute by minute
    await keep()
    at.clock.advance(MINUTE_MS)
  }
  const methods = at.authority.asked.map(({ method }) => method)
  assert.deepEqual(methods, ['http-01', 'tls-alpn-01', 'http-01'])
  assert.ok(at.events.every(({ action }) => action === 'certificate.failed'))
  at.authority.answers.length = 0
  at.clock.advance(DAY_MS)
  await keep()
  const [row] = await at.rows()
  assert.deepEqual([row?.failures, row?.sealedOrder], [0, null])
  assert.ok(row?.certificate)
})

test('a certificate that cannot be renewed stays', async () => {
  await using at = await house(SHOP)
  const { keep } = at.keeper()
  await keep()
  at.clock.advance(61 * DAY_MS)
  at.authority.answers.push(REFUSED)
  await keep()
  const [row] = await at.rows()
  assert.deepEqual([row?.failures, row?.certificate === null], [1, false])
})

test('an authority that has had enough is left alone by all hosts, for as long as it says', async () => {
  await using at = await house(SHOP, { ...SHOP, host: 'other.example.org' })
  const { keep } = at.keeper()
  at.authority.answers.push({ ...REFUSED, isRateLimited: true, retryAfterMs: 3 * 3600_000 })
  await keep()
  at.clock.advance(2 * 3600_000)
  await keep()
  assert.equal(at.authority.asked.length, 1)
  at.clock.advance(3600_000)
  await keep()
  assert.equal(at.authority.asked.length, 3)
})

test('a life that ends in the middle of an order costs no other order, and its key is sealed', async () => {
  await using at = await house(SHOP)
  at.authority.answers.push(new Error('killed'))
  await at.keeper().keep()
  const [row] = await at.rows()
  assert.ok(row?.sealedOrder)
  assert.ok(!row.sealedOrder.includes('key for'))
  await at.keeper().keep()
  assert.deepEqual([at.authority.asked.length, at.authority.accounts], [1, 1])
  assert.equal(at.shown.filter((all) => all.length === 1).length, 2)
  assert.equal((await at.rows())[0]?.certificate, 'shop.example.org by https://authority/order/1')
})

test('an order that comes to nothing is given up, and an away authority is not asked all the time', async () => {
  await using at = await house(SHOP)
  const { keep } = at.keeper()
  at.authority.answers.push(new Error('away'))
  await keep()
  await keep()
  assert.equal(at.authority.answers.length, 0)
  assert.equal((await at.rows())[0]?.certificate, null)
  at.clock.advance(11 * MINUTE_MS)
  at.authority.answers.push({ kind: 'waiting' })
  await keep()
  assert.match(at.events.at(-1)?.message ?? '', /has not decided in time/)
})

test('what is no host of ours any more is forgotten', async () => {
  await using at = await house(SHOP)
  const { keep } = at.keeper()
  await keep()
  at.hosts.length = 0
  await keep()
  assert.deepEqual(await at.rows(), [])
})
