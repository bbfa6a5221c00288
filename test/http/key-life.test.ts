import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { AccessKey, NewAccessKey } from '../../src/contract/keys.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { ALL_PERMISSIONS } from '../../src/core/permissions.ts'
import { keyService } from '../../src/services/keys.ts'
import { apiWorld, START, type ApiWorld, type Line } from '../support/api-world.ts'

const caller = { permissions: [] }
const platforms = { tenant: null, actor: PLATFORM, caller }

const statusOf = async (world: ApiWorld, token: string): Promise<number> =>
  (await world.call('GET /v1/whoami', { token })).status

async function rotated(world: ApiWorld, id: string, graceSeconds?: number): Promise<NewAccessKey> {
  const query = graceSeconds === undefined ? '' : `?graceSeconds=${graceSeconds}`
  const line: Line = `POST /v1/tenants/aa/keys/${id}/rotate${query}`
  const answer = await world.call(line, { token: world.admin.apiKey })
  assert.equal(answer.status, 201)
  return NewAccessKey.parse(await answer.json())
}

test('in its grace the version before is good beside the new one, and not a moment longer', async () => {
  await using world = await apiWorld()
  const old = await world.tenant('aa')
  const next = await rotated(world, old.id, 600)
  assert.equal(next.previousUntil, '2026-01-02T03:14:05.000Z')
  assert.deepEqual(await statusesOf(world, old, next), [200, 200])
  world.advance(599_999)
  assert.deepEqual(await statusesOf(world, old, next), [200, 200])
  world.advance(1)
  assert.deepEqual(await statusesOf(world, old, next), [401, 200])
})

const statusesOf = (world: ApiWorld, ...keys: NewAccessKey[]): Promise<number[]> =>
  Promise.all(keys.map(({ apiKey }) => statusOf(world, apiKey)))

test('a second rotation ends the version that was in its grace', async () => {
  await using world = await apiWorld()
  const first = await world.tenant('aa')
  const second = await rotated(world, first.id, 600)
  const third = await rotated(world, first.id, 600)
  assert.deepEqual(await statusesOf(world, first, second, third), [401, 200, 200])
  const fourth = await rotated(world, first.id)
  assert.deepEqual(await statusesOf(world, second, third, fourth), [401, 401, 200])
})

test('revoking a key ends the version in its grace as well', async () => {
  await using world = await apiWorld()
  const old = await world.tenant('aa')
  const next = await rotated(world, old.id, 600)
  await world.keys.revoke({ ...platforms, tenant: 'aa' }, old.id)
  assert.deepEqual(await statusesOf(world, old, next), [401, 401])
})

test('a grace outlives a new start, and no key', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const asked = { ...platforms, tenant: 'aa', caller: { permissions: ALL_PERMISSIONS } }
  const wanted = { description: '', role: 'member', expiresInSeconds: 120 } as const
  const old = await world.keys.create(asked, wanted)
  await rotated(world, old.id, 600)
  const after = keyService(world.keyDeps)
  await after.load()
  assert.ok(await after.authenticate(old.apiKey, '-'))
  world.advance(120_000)
  await assert.rejects(after.authenticate(old.apiKey, '-'), { code: 'invalid-token' })
})

test('what was of a version is forgotten when its grace is over', async () => {
  await using world = await apiWorld()
  const old = await world.tenant('aa')
  await rotated(world, old.id, 60)
  const versions = async () =>
    (await world.store.read.keys.tokensOf(old.id))
      .map(({ version }) => version)
      .toSorted((a, b) => a - b)
  assert.deepEqual(await versions(), [1, 2])
  world.advance(60_001)
  await world.keys.sweep()
  assert.deepEqual(await versions(), [2])
  assert.equal((await shown(world, old.id)).previousUntil, null)
})

async function shown(world: ApiWorld, id: string): Promise<AccessKey> {
  const line: Line = `GET /v1/tenants/aa/keys/${id}`
  const answer = await world.call(line, { token: world.admin.apiKey })
  assert.equal(answer.status, 200)
  return AccessKey.parse(await answer.json())
}

test('a key shows when it was used last, to the minute, and from where', async () => {
  await using world = await apiWorld()
  const { id, apiKey } = await world.tenant('aa')
  assert.equal((await shown(world, id)).lastUsedAt, null)
  await statusOf(world, apiKey)
  const { lastUsedAt, lastUsedFrom } = await shown(world, id)
  assert.deepEqual([lastUsedAt, lastUsedFrom], ['2026-01-02T03:04:00.000Z', '-'])
  await statusOf(world, `${apiKey}x`)
  world.advance(60_000)
  assert.equal((await shown(world, id)).lastUsedAt, lastUsedAt)
})

test('uses are written together and now and then, not one by one', async () => {
  await using world = await apiWorld()
  const { id, apiKey } = await world.tenant('aa')
  const row = async () => (await world.store.read.keys.byId(id))?.lastUsedAt
  for (let asked = 0; asked < 10; asked++) await statusOf(world, apiKey)
  assert.equal(await row(), null)
  await world.keys.sweep()
  assert.equal(await row(), Date.parse('2026-01-02T03:04:00.000Z'))
  const again = keyService(world.keyDeps)
  assert.equal((await again.get('aa', id)).lastUsedAt, '2026-01-02T03:04:00.000Z')
})

test('a key of another tenant, or of none, is not shown', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const other = await world.tenant('bb')
  for (const id of [other.id, world.admin.id, 'ck0000000000009999']) {
    const line: Line = `GET /v1/tenants/aa/keys/${id}`
    assert.equal((await world.call(line, { token })).status, 404)
  }
})

const Conflict = z.looseObject({ type: z.string(), state: z.string(), detail: z.string() })

test('the last key of the platform’s admin cannot be revoked, until there is another one', async () => {
  await using world = await apiWorld()
  const { apiKey: token, id } = world.admin
  const revoke = (key: string) => world.call(`DELETE /v1/keys/${key}`, { token })
  await world.keyOf(null, 'operator')
  const asked = { ...platforms, caller: { permissions: ALL_PERMISSIONS } }
  const wanted = { description: '', role: 'admin' } as const
  // Neither stands in for a key that may do everything, for ever.
  await world.keys.create(asked, { ...wanted, actions: ['keys:write'] })
  const brief = await world.keys.create(asked, { ...wanted, expiresInSeconds: 600 })
  const refused = await revoke(id)
  assert.equal(refused.status, 409)
  const { state, detail } = Conflict.parse(await refused.json())
  assert.equal(state, 'last way in')
  assert.match(detail, /create another one first, or rotate it/)
  assert.equal(await statusOf(world, token), 200)

  assert.equal((await revoke(brief.id)).status, 200)
  const other = await world.keyOf(null, 'admin')
  assert.equal((await revoke(id)).status, 200)
  assert.equal(await statusOf(world, other.apiKey), 200)
})

test('the operator’s first key is shown again only while nobody can have it', async () => {
  await using world = await apiWorld()
  const again = await world.keys.unusedAdmin()
  assert.deepEqual(again, world.admin)
  await world.call('POST /v1/tenants', { token: world.admin.apiKey, body: { slug: 'aa' } })
  assert.equal(await world.keys.unusedAdmin(), undefined)
})

test('the operator’s first key is not shown again once it was used to look', async () => {
  await using world = await apiWorld()
  await statusOf(world, world.admin.apiKey)
  await world.keys.sweep()
  assert.equal(await keyService(world.keyDeps).unusedAdmin(), undefined)
})

test('the last use of a key is in memory until the key has ended, and on disk from then on', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const asked = { ...platforms, tenant: 'aa', caller: { permissions: ALL_PERMISSIONS } }
  const wanted = { description: '', role: 'member', expiresInSeconds: 60 } as const
  const { id, apiKey } = await world.keys.create(asked, wanted)
  assert.equal(await statusOf(world, apiKey), 200)
  const lastUsedAt = async () => (await world.keys.get('aa', id)).lastUsedAt
  await world.keys.sweep()
  await world.store.write((q) => q.keys.used(id, { at: START, from: 'elsewhere' }))
  assert.equal(await lastUsedAt(), '2026-01-02T03:04:00.000Z')
  world.advance(60_000)
  world.keys.endExpired()
  await world.keys.sweep()
  assert.equal(await lastUsedAt(), '2026-01-02T03:04:05.000Z')
})
