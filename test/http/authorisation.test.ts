import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { ENDPOINTS } from '../../src/contract/all.ts'
import type { NewAccessKey } from '../../src/contract/keys.ts'
import { ALL_PERMISSIONS } from '../../src/core/permissions.ts'
import { keyService } from '../../src/services/keys.ts'
import { apiWorld, type ApiWorld, type Line } from '../support/api-world.ts'

const Problem = z.looseObject({ type: z.string(), instance: z.string() })
const Key = z.looseObject({
  id: z.string(),
  secretKey: z.string(),
  apiKey: z.string(),
  version: z.int(),
})

/** Body of an answer without what differs between any two: the id of the request, and the name asked for. */
async function sameness(answer: Response, name: string): Promise<string> {
  const text = await answer.text()
  const { instance } = Problem.parse(JSON.parse(text))
  return text.replace(instance, '<request>').replaceAll(name, '<name>')
}

test('a path of another tenant answers byte for byte as that of a tenant that does not exist', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  await world.tenant('bb')
  // The endpoints of others are not mounted in this world, and answer for both alike in any case.
  const mounted = ENDPOINTS.filter((e) => /^(tenants|keys|registries|tenant-audit)\./.test(e.id))
  for (const e of mounted.filter(({ path }) => path.includes('{tenant}'))) {
    const ask = (slug: string) => {
      const path = e.path.replace('{tenant}', slug).replaceAll(/\{\w+\}/g, 'x1')
      return world.call(`${e.method.toUpperCase()} /${path.slice(1)}`, {
        token,
        body: bodyOf(e.method),
      })
    }
    const [foreign, unknown] = [await ask('bb'), await ask('zz')]
    assert.equal(foreign.status, 404, e.id)
    assert.equal(unknown.status, 404, e.id)
    assert.equal(await sameness(foreign, 'bb'), await sameness(unknown, 'zz'), e.id)
  }
})

const bodyOf = (method: string) => (method === 'get' || method === 'delete' ? undefined : {})

test('a stranger learns nothing: not which tenants there are, nor what a body should look like', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const answers = [
    await world.call('GET /v1/tenants/aa'),
    await world.call('GET /v1/tenants/zz'),
    await world.call('POST /v1/tenants/aa/keys', { body: '{"role":' }),
    await world.call('POST /v1/tenants', { body: { slug: 7 } }),
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401, 401, 401],
  )
  const bodies = await Promise.all(answers.map((answer) => sameness(answer, '-')))
  assert.equal(new Set(bodies).size, 1)
})

test('a tenant’s key has 403 inside its own tenant and on what is the platform’s', async () => {
  await using world = await apiWorld()
  const { apiKey: reader } = await world.tenant('aa', 'read')
  const { apiKey: owner } = await world.keyOf('aa', 'admin')
  const statuses = async (token: string) => [
    (await world.call('GET /v1/tenants/aa', { token })).status,
    (await world.call('GET /v1/tenants/aa/keys', { token })).status,
    (await world.call('POST /v1/tenants/aa/keys', { token, body: {} })).status,
    (await world.call('PATCH /v1/tenants/aa', { token, body: {} })).status,
    (await world.call('DELETE /v1/tenants/aa', { token })).status,
    (await world.call('PATCH /v1/tenants/zz', { token, body: {} })).status,
    (await world.call('GET /v1/tenants', { token })).status,
    (await world.call('POST /v1/tenants', { token, body: { slug: 'cc' } })).status,
    (await world.call('GET /v1/audit', { token })).status,
    (await world.call('POST /v1/keys', { token, body: {} })).status,
  ]
  assert.deepEqual(await statuses(reader), [200, 200, 403, 403, 403, 404, 403, 403, 403, 403])
  assert.deepEqual(await statuses(owner), [200, 200, 201, 403, 403, 404, 403, 403, 403, 403])
})

test('a platform key that only reads changes nothing in any tenant', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const { apiKey: token } = await world.keyOf(null, 'read')
  assert.equal((await world.call('GET /v1/tenants/aa', { token })).status, 200)
  assert.equal((await world.call('PATCH /v1/tenants/aa', { token, body: {} })).status, 403)
  assert.equal((await world.call('POST /v1/tenants/aa/keys', { token, body: {} })).status, 403)
  assert.equal((await world.call('GET /v1/tenants/zz', { token })).status, 404)
})

async function narrowed(world: ApiWorld, slug: string, scope: string[]): Promise<string> {
  const key = await world.keyOf(slug, 'admin')
  const path: Line = `POST /v1/tenants/${slug}/keys/${key.id}/tokens`
  const answer = await world.call(path, { token: world.admin.apiKey, body: { scope } })
  assert.equal(answer.status, 201)
  return z.looseObject({ apiKey: z.string() }).parse(await answer.json()).apiKey
}

const at = (key: NewAccessKey, rest: string): Line => `POST /v1/tenants/aa/keys/${key.id}/${rest}`

test('no key is made, rotated or given a token that may do more than who asks for it', async () => {
  await using world = await apiWorld()
  const owner = await world.tenant('aa')
  const reader = await world.keyOf('aa', 'read')
  const token = await narrowed(world, 'aa', ['keys:write', ...reading])

  assert.equal(
    (await world.call('POST /v1/tenants/aa/keys', { token, body: { role: 'admin' } })).status,
    403,
  )
  assert.equal(
    (await world.call('POST /v1/tenants/aa/keys', { token, body: { role: 'member' } })).status,
    403,
  )
  assert.equal(
    (await world.call('POST /v1/tenants/aa/keys', { token, body: { role: 'read' } })).status,
    201,
  )
  assert.equal((await world.call(at(owner, 'rotate'), { token })).status, 403)
  assert.equal((await world.call(at(reader, 'rotate'), { token })).status, 201)
  assert.equal((await world.call(at(owner, 'tokens'), { token, body: {} })).status, 403)
  const narrow = { token, body: { scope: ['containers:read'] } }
  assert.equal((await world.call(at(owner, 'tokens'), narrow)).status, 201)
})

const reading = ALL_PERMISSIONS.filter((permission) => permission.endsWith(':read'))

test('a key of one tenant is not found in another, nor among those of the platform', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('aa')
  await world.tenant('bb')
  const { apiKey: token } = world.admin
  assert.equal((await world.call(`DELETE /v1/tenants/bb/keys/${key.id}`, { token })).status, 404)
  assert.equal((await world.call(`DELETE /v1/keys/${key.id}`, { token })).status, 404)
  assert.equal(
    (await world.call(`DELETE /v1/tenants/aa/keys/${world.admin.id}`, { token })).status,
    404,
  )
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 200)
})

test('a revoked key is refused at once, with every token of it', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('aa')
  const { apiKey: token } = world.admin
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 200)
  assert.equal((await world.call(`DELETE /v1/tenants/aa/keys/${key.id}`, { token })).status, 200)
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 401)
  // Revoked for good: it can neither be rotated nor get a token.
  assert.equal(
    (await world.call(`POST /v1/tenants/aa/keys/${key.id}/rotate`, { token })).status,
    409,
  )
  const tokens: Line = `POST /v1/tenants/aa/keys/${key.id}/tokens`
  assert.equal((await world.call(tokens, { token, body: {} })).status, 409)
})

test('a rotated key has a new secret, a new version and new tokens, and the old ones end', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('aa')
  const path: Line = `POST /v1/tenants/aa/keys/${key.id}/rotate`
  const answer = await world.call(path, { token: world.admin.apiKey })
  const next = Key.parse(await answer.json())
  assert.equal(next.version, 2)
  assert.notEqual(next.secretKey, key.secretKey)
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 401)
  assert.equal((await world.call('GET /v1/whoami', { token: next.apiKey })).status, 200)
})

test('an expiring key ends on time, and its tokens not later than it', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const { apiKey: token } = world.admin
  const body = { expiresInSeconds: 60 }
  const answer = await world.call('POST /v1/tenants/aa/keys', { token, body })
  const key = Key.parse(await answer.json())
  const tokens: Line = `POST /v1/tenants/aa/keys/${key.id}/tokens`
  const longer = await world.call(tokens, { token, body: { expiresInSeconds: 3600 } })
  const { expiresAt } = z.looseObject({ expiresAt: z.string() }).parse(await longer.json())
  assert.equal(expiresAt, '2026-01-02T03:05:05.000Z')
  world.advance(59_000)
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 200)
  world.advance(1000)
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 401)
})

test('the keys of a deleted tenant are refused at once', async () => {
  await using world = await apiWorld()
  const { apiKey } = await world.tenant('aa')
  assert.equal((await world.call('GET /v1/whoami', { token: apiKey })).status, 200)
  const gone = await world.call('DELETE /v1/tenants/aa', { token: world.admin.apiKey })
  assert.equal(gone.status, 200)
  assert.equal((await world.call('GET /v1/whoami', { token: apiKey })).status, 401)
})

test('keys and tokens on record are known again after a new start', async () => {
  await using world = await apiWorld()
  const living = await world.tenant('aa')
  const revoked = await world.keyOf('aa', 'admin')
  const asked = { tenant: 'aa', caller: { permissions: [] } }
  const actor = { name: 'platform', keyId: null, requestId: '-', sourceAddress: '-' }
  await world.keys.revoke({ ...asked, actor }, revoked.id)
  const after = keyService(world.keyDeps)
  await assert.rejects(after.authenticate(living.apiKey, '-'), { code: 'invalid-token' })
  await after.load()
  assert.equal((await after.authenticate(living.apiKey, '-')).tenant?.slug, 'aa')
  await assert.rejects(after.authenticate(revoked.apiKey, '-'), { code: 'invalid-token' })
})

test('whoami shows key, tenant, permissions and the time of the server', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('aa', 'member')
  const answer = await world.call('GET /v1/whoami', { token: key.apiKey })
  assert.deepEqual(await answer.json(), {
    accessKeyId: key.id,
    person: null,
    tenant: 'aa',
    role: 'member',
    permissions: [
      'containers:read',
      'containers:write',
      'events:read',
      'images:read',
      'networks:read',
      'operations:read',
      'operations:write',
      'secrets:read',
      'usage:read',
    ],
    actions: null,
    resources: null,
    serverTime: '2026-01-02T03:04:05.000Z',
  })
})
