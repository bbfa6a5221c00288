import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

const ANONYMOUS = { name: 'anonymous', keyId: null, requestId: 'r', sourceAddress: '192.0.2.1' }
const REFUSED = { action: 'x.y', tenant: null, target: '/x', result: 'not-allowed', status: 403 }

test('accepted() is written with what it tells of, or not at all', async () => {
  await using world = await apiWorld()
  const before = await world.audit.list({ limit: 100 })
  const said = { action: 'x.y', tenant: null, target: 't', status: 200 }
  const failing = world.store.write(async (q) => {
    await world.audit.accepted(q, PLATFORM, said)
    throw new Error('rolled back')
  })
  await assert.rejects(failing, /rolled back/)
  assert.deepEqual(await world.audit.list({ limit: 100 }), before)
  await world.store.write((q) => world.audit.accepted(q, PLATFORM, said))
  const [entry] = (await world.audit.list({ limit: 1 })).items
  assert.deepEqual([entry?.action, entry?.result, entry?.actor], ['x.y', 'accepted', 'platform'])
})

test('every change of tenants, keys and registries is in the audit log with who asked for it', async () => {
  await using world = await apiWorld()
  const { apiKey: token, id } = world.admin
  await world.call('POST /v1/tenants', { token, body: { slug: 'aa' } })
  await world.call('PATCH /v1/tenants/aa', { token, body: {} })
  const login = { username: 'u', password: 'p' }
  await world.call('PUT /v1/tenants/aa/registries/r', { token, body: login })
  await world.call('DELETE /v1/tenants/aa/registries/r', { token })
  await world.call('POST /v1/tenants/aa/keys', { token, body: {} })
  const { items } = await world.keys.list('aa', { limit: 1 })
  const key = items[0]?.id ?? ''
  await world.call(`POST /v1/tenants/aa/keys/${key}/tokens`, { token, body: {} })
  await world.call(`POST /v1/tenants/aa/keys/${key}/rotate`, { token })
  await world.call(`DELETE /v1/tenants/aa/keys/${key}`, { token })
  await world.call('DELETE /v1/tenants/aa', { token })

  const seen = (await world.audit.list({ limit: 9 })).items.toReversed()
  assert.deepEqual(
    seen.map(({ action, status }) => `${action} ${status}`),
    [
      'tenants.create 201',
      'tenants.update 200',
      'registries.put 200',
      'registries.delete 200',
      'keys.create 201',
      'keys.token 201',
      'keys.rotate 201',
      'keys.revoke 200',
      'tenants.delete 200',
    ],
  )
  for (const entry of seen) {
    assert.equal(entry.actor, `key:${id}`)
    assert.equal(entry.tenant, 'aa')
    assert.equal(entry.result, 'accepted')
    assert.match(entry.requestId, /^request-/)
  }
})

async function refusals(world: ApiWorld): Promise<string[]> {
  const { items } = await world.audit.list({ limit: 1000 })
  return items
    .filter(({ result }) => result !== 'accepted')
    .map(({ action, target }) => `${action} ${target}`)
}

test('strangers can have five refusals written in a second; the rest is counted', async () => {
  await using world = await apiWorld()
  for (let i = 0; i < 100; i++) await world.audit.refused(ANONYMOUS, REFUSED)
  assert.equal((await refusals(world)).length, 5)
  world.advance(1000)
  await world.audit.refused(ANONYMOUS, REFUSED)
  assert.deepEqual((await refusals(world)).slice(0, 2), ['x.y /x', 'audit.omitted 95 refusals'])
  world.advance(1000)
  await world.audit.refused(ANONYMOUS, REFUSED)
  assert.equal((await refusals(world)).length, 8)
})

test('a flood of strangers does not hide what a known key is refused', async () => {
  await using world = await apiWorld()
  for (let i = 0; i < 20; i++) await world.audit.refused(ANONYMOUS, REFUSED)
  const known = { ...ANONYMOUS, name: 'key:ck0000000000000001', keyId: 'ck0000000000000001' }
  await world.audit.refused(known, { ...REFUSED, target: '/mine' })
  assert.equal((await refusals(world))[0], 'x.y /mine')
})

test('a flood of one tenant hides nothing of another, and is counted in its own log', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  await world.tenant('bb')
  const tenantOf = async (slug: string) => {
    const row = await world.store.read.tenants.bySlug(slug)
    assert.ok(row)
    return { id: row.id, slug }
  }
  const [aa, bb] = [await tenantOf('aa'), await tenantOf('bb')]
  const known = { ...ANONYMOUS, name: 'key:ck0000000000000001', keyId: 'ck0000000000000001' }
  for (let i = 0; i < 60; i++) await world.audit.refused(known, { ...REFUSED, tenant: aa })
  await world.audit.refused(known, { ...REFUSED, tenant: bb, target: '/mine' })
  assert.equal((await refusals(world))[0], 'x.y /mine')
  world.advance(1000)
  await world.audit.refused(known, { ...REFUSED, tenant: aa })
  const own = await world.audit.listOfTenant('aa', { limit: 2 })
  assert.deepEqual(
    own.items.map(({ action, target }) => `${action} ${target}`),
    ['x.y /x', 'audit.omitted 10 refusals'],
  )
})

test('list() goes back page by page, and one tenant sees its own entries only', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  await world.tenant('bb')
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await world.audit.list({ limit: 2, cursor })
    seen.push(...page.items.map(({ tenant, seq }) => `${tenant} ${seq}`))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  assert.deepEqual(seen, ['bb 2', 'bb 1', 'aa 2', 'aa 1', 'null 1'])
  const own = await world.audit.listOfTenant('aa', { limit: 100 })
  assert.deepEqual(
    own.items.map(({ action }) => action),
    ['keys.create', 'tenants.create'],
  )
  assert.ok(own.items.every(({ tenant }) => tenant === 'aa'))
})

test('an over-long target is cut', async () => {
  await using world = await apiWorld()
  await world.audit.refused(ANONYMOUS, { ...REFUSED, target: 'x'.repeat(10_000) })
  const [entry] = (await world.audit.list({ limit: 1 })).items
  assert.equal(entry?.target.length, 300)
})
