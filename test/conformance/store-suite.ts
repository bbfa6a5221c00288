import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neverRefused, openStore } from '../../db/open.ts'
import { world, type WorldWanted } from '../support/world.ts'

/** Answers a fresh one for each test. */
type Place = () => Promise<WorldWanted & AsyncDisposable>

/** What every store promises, wherever its state is. */
export function storeSuite(what: string, place: Place): void {
  transactions(what, place)
  bounds(what, place)
  rows(what, place)
}

function transactions(what: string, place: Place): void {
  test(`${what}: writers stand in line: of fifty at once every one is done, in order`, async () => {
    await using where = await place()
    await using at = await world(where)
    const order: number[] = []
    const writers = Array.from({ length: 50 }, (_, i) =>
      at.store.write(async (q) => {
        await q.tenants.liveSlugs()
        order.push(i)
      }),
    )
    await Promise.all(writers)
    assert.deepEqual(
      order,
      Array.from({ length: 50 }, (_, i) => i),
    )
  })

  test(`${what}: a throw rolls everything back, and the next writer is served`, async () => {
    await using where = await place()
    await using at = await world(where)
    const acme = await at.addTenant('acme')
    const failed = at.store.write(async (q) => {
      await q.tenants.markDeleted(acme.id, 1)
      throw new Error('changed my mind')
    })
    const next = at.store.write((q) => q.tenants.bySlug('acme'))
    await assert.rejects(failed, /changed my mind/)
    assert.equal((await next)?.deletedAt, null)
  })

  test(`${what}: what has not been committed is not read`, async () => {
    await using where = await place()
    await using at = await world(where)
    const acme = await at.addTenant('acme')
    const busy = Promise.withResolvers<void>()
    const writing = at.store.write(async (q) => {
      await q.tenants.markDeleted(acme.id, 1)
      await busy.promise
    })
    assert.deepEqual(await at.store.read.tenants.liveSlugs(), ['acme'])
    busy.resolve()
    await writing
    assert.deepEqual(await at.store.read.tenants.liveSlugs(), [])
  })
}

function bounds(what: string, place: Place): void {
  test(`${what}: foreign keys hold in every transaction, also after many`, async () => {
    await using where = await place()
    await using at = await world(where)
    await at.addTenant('acme')
    const claim = {
      tenantId: 'nobodynobodynobo',
      name: 'web',
      kind: 'container' as const,
      resourceId: at.newId(),
    }
    for (let i = 0; i < 3; i++) {
      await assert.rejects(at.store.write((q) => q.names.claim(claim)))
      await at.store.write((q) => q.tenants.liveSlugs())
    }
  })

  test(`${what}: too many writers are told to come back, instead of waiting without end`, async () => {
    await using where = await place()
    await using at = await world(where)
    const busy = Promise.withResolvers<void>()
    const waiting = Array.from({ length: 1000 }, () => at.store.write(() => busy.promise))
    await assert.rejects(
      at.store.write(() => Promise.resolve()),
      { code: 'storage-unavailable' },
    )
    const own = neverRefused(at.store).write((q) => q.tenants.liveSlugs())
    busy.resolve()
    await Promise.all(waiting)
    assert.deepEqual(await own, [])
    await at.store.write(() => Promise.resolve())
  })

  test(`${what}: a tenant that fills its line fills nobody else's, and tenants come by turns`, async () => {
    await using where = await place()
    await using at = await world(where)
    const busy = Promise.withResolvers<void>()
    const done: string[] = []
    const change = (tenant: string) =>
      at.store.writeFor(tenant, () => busy.promise).then(() => done.push(tenant))
    const first = at.store.write(() => busy.promise)
    const loud = Array.from({ length: 500 }, () => change('loud'))
    await assert.rejects(change('loud'), { code: 'storage-unavailable' })
    const calm = [change('calm'), change('calm')]
    busy.resolve()
    await Promise.all([first, ...loud, ...calm])
    assert.deepEqual(done.slice(0, 5), ['loud', 'calm', 'loud', 'calm', 'loud'])
  })
}

function rows(what: string, place: Place): void {
  test(`${what}: a database of an earlier life is opened as it was`, async () => {
    await using where = await place()
    await using at = await world(where)
    await at.addTenant('acme')
    const again = await openStore(at.url, at.migrations)
    assert.deepEqual(await again.read.tenants.liveSlugs(), ['acme'])
    await again.close()
  })

  test(`${what}: updateAt() changes a row only under the intent it was read under`, async () => {
    await using where = await place()
    await using at = await world(where)
    await at.addTenant('acme')
    await at.begin()
    const { resource } = await at.create('acme', {})
    await at.quiet()
    const row = { id: resource.id, generation: resource.generation }
    assert.ok(await at.store.write((q) => q.containers.updateAt(row, { restarts: 1 })))
    const older = { ...row, generation: row.generation - 1 }
    assert.ok(!(await at.store.write((q) => q.containers.updateAt(older, { restarts: 2 }))))
    assert.equal((await at.store.read.containers.byId(row.id))?.restarts, 1)
  })

  test(`${what}: a live name, address or subnet is there once`, async () => {
    await using where = await place()
    await using at = await world(where)
    const acme = await at.addTenant('acme')
    await at.begin()
    const { resource } = await at.create('acme', {})
    const [network] = await at.store.read.networks.live()
    const address = await at.store.read.addresses.ofContainer(resource.id)
    assert.ok(network && address)
    const twin = { ...network, id: at.newId(), name: 'other' }
    await assert.rejects(at.store.write((q) => q.networks.insert(twin)))
    await assert.rejects(at.store.write((q) => q.addresses.insert({ ...address, id: at.newId() })))
    const claim = {
      tenantId: acme.id,
      name: 'web',
      kind: 'container' as const,
      resourceId: at.newId(),
    }
    await assert.rejects(at.store.write((q) => q.names.claim(claim)))
  })
}
