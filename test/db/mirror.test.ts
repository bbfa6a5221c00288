import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, asyncProperty, constantFrom, nat, record, array } from 'fast-check'
import { drizzle } from 'drizzle-orm/libsql'
import { createClient } from '@libsql/client'
import { mirrored, noting } from '../../db/mirror-feed.ts'
import {
  nothingToCommit,
  openStore,
  queriesOn,
  type Executor,
  type Queries,
  type Transactions,
} from '../../db/open.ts'
import type { ContainerRow } from '../../db/queries/containers.ts'
import { containers } from '../../db/schema.ts'
import { libsqlServer } from '../support/libsql-server.ts'
import { world, type World } from '../support/world.ts'

/** What the database itself says, beside the memory. */
async function table(at: World) {
  const client = createClient({ url: at.url, concurrency: 1 })
  const db = drizzle(client)
  const dispose = { [Symbol.asyncDispose]: async () => client.close() }
  return { ...queriesOn(db, nothingToCommit), ...dispose, db }
}

const PAGES = [
  { limit: 100 },
  { limit: 2 },
  { limit: 2, afterName: 'b' },
  { limit: 9, afterName: 'ab' },
  { limit: 9, namePrefix: 'a' },
  { limit: 9, among: ['b', 'nothing'] },
  { limit: 9, among: [] },
  { limit: 9, state: 'running' },
  { limit: 9, label: { key: 'k', value: undefined } },
  { limit: 9, label: { key: 'k', value: '1' } },
  { limit: 9, label: { key: 'other', value: undefined } },
] as const

const byId = (one: { row: { id: string } }, other: { row: { id: string } }): number =>
  one.row.id < other.row.id ? -1 : 1

/** Every reading of the memory against the same reading of the table. */
async function same(at: World, tenantIds: readonly string[]): Promise<void> {
  await using truth = await table(at)
  const { read } = at.store
  const live = (await truth.containers.live()).toSorted(byId)
  assert.deepEqual((await read.containers.live()).toSorted(byId), live)
  const asked = ['a', 'ab', 'b', 'c', ...live.map(({ row }) => row.id)]
  for (const id of tenantIds) {
    for (const page of PAGES) {
      const found = await read.containers.list(id, page)
      assert.deepEqual(found, await truth.containers.list(id, page), JSON.stringify(page))
    }
    for (const one of asked) {
      assert.deepEqual(await read.containers.find(id, one), await truth.containers.find(id, one))
    }
    for (const some of [asked.slice(0, 4), asked.slice(4)]) {
      const found = (await read.containers.findAll(id, some)).toSorted(byId)
      assert.deepEqual(found, (await truth.containers.findAll(id, some)).toSorted(byId))
    }
    assert.deepEqual(await read.containers.ofTenant(id), await truth.containers.ofTenant(id))
    assert.equal(await read.containers.countLive(id), await truth.containers.countLive(id))
  }
  for (const { row } of live) {
    assert.deepEqual(
      await read.containers.placedById(row.id),
      await truth.containers.placedById(row.id),
    )
  }
  for (const slug of ['acme', 'other']) {
    assert.deepEqual(await read.tenants.bySlug(slug), await truth.tenants.bySlug(slug))
  }
  const reserved = await read.containers.reservedBy([...tenantIds, 'nobody'])
  assert.deepEqual(reserved, await truth.containers.reservedBy([...tenantIds, 'nobody']))
  assert.deepEqual(await read.containers.reservedByAll(), await truth.containers.reservedByAll())
  const slugs = await truth.tenants.liveSlugs()
  assert.deepEqual((await read.tenants.liveSlugs()).toSorted(), slugs.toSorted())
}

const NAMES = ['a', 'ab', 'b', 'c'] as const
const Deed = record({
  what: constantFrom('insert', 'rename', 'state', 'stale', 'release', 'remove', 'swap'),
  tenant: nat({ max: 1 }),
  which: nat({ max: 9 }),
  name: constantFrom(...NAMES),
  fails: constantFrom(false, false, false, true),
})

interface Inside {
  readonly q: Queries
  readonly at: World
  readonly tenantId: string
  /** A row that was written by the service, to make others from. */
  readonly sample: ContainerRow
}
interface Deed {
  readonly which: number
  readonly name: string
}

async function liveOf({ q, tenantId }: Inside): Promise<ContainerRow[]> {
  return (await q.containers.list(tenantId, { limit: 100 })).map(({ row }) => row)
}

const oneOf = async (inside: Inside, { which }: Deed): Promise<ContainerRow | undefined> => {
  const rows = await liveOf(inside)
  return rows[which % Math.max(1, rows.length)]
}

const isFree = async (inside: Inside, name: string): Promise<boolean> =>
  (await liveOf(inside)).every((row) => row.name !== name)

const DEEDS: Readonly<Record<string, (inside: Inside, deed: Deed) => Promise<void>>> = {
  async insert(inside, { name, which }) {
    const { q, at, tenantId, sample } = inside
    if (!(await isFree(inside, name))) return
    const id = at.newId()
    const rest = { releasedAt: null, aliasesJson: '[]', leavingAt: null }
    const address = { address: `10.9.0.${id}`, mac: '', ...rest }
    const { networkId } = sample
    await q.addresses.insert({ id: at.newId(), networkId, containerId: id, ...address })
    const specJson = JSON.stringify({ labels: which % 2 === 0 ? {} : { k: String(which % 3) } })
    await q.containers.insert({ ...sample, id, tenantId, name, specJson, removedAt: null })
  },
  async rename(inside, deed) {
    const row = await oneOf(inside, deed)
    if (!row || !(await isFree(inside, deed.name))) return
    await inside.q.containers.update(row.id, { name: deed.name })
  },
  async swap(inside, deed) {
    const [one, two] = await liveOf(inside)
    if (!one || !two) return
    await inside.q.containers.update(one.id, { name: two.name })
    await inside.q.containers.updateAt(two, { name: one.name })
    const policy = deed.which % 2 === 0 ? 'baseline' : 'restricted'
    await inside.q.tenants.update(inside.tenantId, { policy })
  },
  /** Its containers are shown with it. */
  async suspend({ q, tenantId }, { which }) {
    await q.tenants.changeLife(tenantId, { suspendedAt: which % 2 === 0 ? which : null })
  },
  async state(inside, deed) {
    const row = await oneOf(inside, deed)
    const change = { state: 'running', generation: (row?.generation ?? 0) + 1 } as const
    if (row) await inside.q.containers.updateAt(row, change)
  },
  /** An intent that came too late changes nothing. */
  async stale(inside, deed) {
    const row = await oneOf(inside, deed)
    if (row) await inside.q.containers.updateAt({ ...row, generation: -1 }, { state: 'failed' })
  },
  async remove(inside, deed) {
    const row = await oneOf(inside, deed)
    if (!row) return
    await inside.q.containers.update(row.id, { removedAt: 1 })
    await inside.q.addresses.release(row.id, 1)
    if (deed.which % 2 === 0) await inside.q.containers.pruneRemoved(2)
  },
}

const ADeed = record({
  what: constantFrom(...Object.keys(DEEDS)),
  tenant: nat({ max: 1 }),
  which: nat({ max: 9 }),
  name: constantFrom('a', 'ab', 'b', 'c'),
  fails: constantFrom(false, false, false, true),
})

async function holdsIn(at: World, numRuns: number): Promise<void> {
  const tenants = [(await at.addTenant('acme')).id, (await at.addTenant('other')).id]
  await at.begin()
  const { resource } = await at.create('acme', { name: 'sample' })
  await at.quiet()
  const sample = await at.store.read.containers.byId(resource.id)
  assert.ok(sample)
  const run = asyncProperty(array(ADeed, { minLength: 1, maxLength: 8 }), async (deeds) => {
    for (const { what, tenant, fails, ...deed } of deeds) {
      const done = at.store.write(async (q) => {
        await DEEDS[what]?.({ q, at, tenantId: tenants[tenant] ?? '', sample }, deed)
        if (fails) throw new Error('changed my mind')
      })
      if (fails) await assert.rejects(done, /changed my mind/)
      else await done
    }
    await same(at, tenants)
  })
  await holds(run, { numRuns })
}

test('the memory says what the table says, whatever was written or taken back', async () => {
  await using at = await world()
  await holdsIn(at, 12)
})

test('the memory says what a libSQL server says, whatever was written or taken back', async () => {
  await using server = await libsqlServer()
  await using at = await world({ database: server.url })
  await holdsIn(at, 4)
})

test('the memory says what the table says after each of many deaths of the process', async () => {
  const points = ['before-create', 'container-created', 'container-started', 'running-noted']
  await using at = await world()
  const { id } = await at.addTenant('acme')
  for (const point of points) {
    await at.reborn(dying(point))
    await at.begin()
    const done = await at.create('acme', { name: `x-${point}` }).catch(() => undefined)
    await at.quiet()
    await using again = await reopened(at)
    await same({ ...at, store: again }, [id])
    await same(at, [id])
    assert.ok(done)
  }
})

/** The process that does the work throws at that point each time, and goes no further. */
const dying = (point: string) => (passed: string) => {
  if (passed === point) throw new Error('killed')
}

const reopened = async (at: World) => {
  const store = await openStore(at.url, at.migrations)
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() })
}

test('a database that is opened again is known as it was left', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await at.quiet()
  await using again = await reopened(at)
  await same({ ...at, store: again }, [id])
})

/** As if somebody had written a query that the feed does not know. */
const odd = (db: Executor): Queries => {
  const all = queriesOn(db, nothingToCommit)
  const release = async (): Promise<void> => {
    await db.update(containers).set({ restarts: 7 })
  }
  return { ...all, names: { ...all.names, release } }
}

test('a query that does not say which rows it changes is noticed', async () => {
  await using at = await world()
  await using truth = await table(at)
  const { q, noted } = noting(truth.db, odd)
  await q.containers.update('x', { restarts: 1 })
  await q.names.owner('x', 'y')
  assert.deepEqual([noted.unnamed, [...noted.containers]], [false, ['x']])
  await q.names.release('x')
  assert.equal(noted.unnamed, true)
})

test('a commit of which nobody knows whether it was made is looked up', async () => {
  const acme = { id: 'a'.repeat(16), slug: 'acme', deletedAt: null }
  await using at = await world()
  await using truth = await table(at)
  let lost = false
  /** Commits, and then says that it failed, as a connection does that breaks just then. */
  const losing: Transactions = {
    async transaction(work, config) {
      const result = await truth.db.transaction(work, config)
      if (lost) throw new Error('the answer never came')
      return result
    },
  }
  const mirror = mirrored(losing, { table: truth, queriesOn })
  await mirror.fill()
  lost = true
  const row = { ...(await at.addTenant('other')), ...acme }
  await assert.rejects(
    mirror.write((q) => q.tenants.insert(row)),
    /never came/,
  )
  assert.deepEqual(await mirror.read().tenants.bySlug('acme'), row)
})
