import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@libsql/client'
import { z } from 'zod'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

const ROUTES = '/v1/tenants/aa/routes'
const Wrong = z.object({ errors: z.array(z.object({ pointer: z.string(), detail: z.string() })) })

async function withTenant(env: Readonly<Record<string, string>> = {}) {
  const world = await cloudWorld(env)
  await world.addTenant('aa')
  return world
}

const shop = (policy: object) => ({
  name: 'shop',
  hosts: ['shop.aa.cloud.local'],
  targets: [{ app: 'web' }],
  policy,
})

const post = (world: CloudWorld, body: unknown) =>
  world.call(`POST ${ROUTES}`, { token: world.admin.apiKey, body })

test('a field that no route may change is refused with its place and the reason', async () => {
  await using world = await withTenant()
  for (const [policy, pointer, detail] of [
    [{ requestHeaders: { set: { host: 'a' } } }, /requestHeaders/, /rewrite of the host/],
    [{ requestHeaders: { remove: ['x-forwarded-for'] } }, /remove\/0$/, /who asks/],
    [{ responseHeaders: { add: { connection: 'close' } } }, /responseHeaders/, /one hop/],
    [{ responseHeaders: { remove: ['content-length'] } }, /remove\/0$/, /message ends/],
  ] as const) {
    const answer = await post(world, shop(policy))
    assert.equal(answer.status, 422)
    const [error] = Wrong.parse(await answer.json()).errors
    assert.match(error?.pointer ?? '', pointer)
    assert.match(error?.detail ?? '', detail)
  }
})

test('no answer and no table has a password, and no answer its hash', async () => {
  await using world = await withTenant()
  const users = [{ name: 'ann', password: 'a-password-of-ann' }]
  const made = await post(world, shop({ basicAuth: { realm: 'Shop', users } }))
  assert.equal(made.status, 201)
  const shown = await world.call(`GET ${ROUTES}/shop`, { token: world.admin.apiKey })
  for (const text of [await made.text(), await shown.text()]) {
    assert.match(text, /"ann"/)
    assert.doesNotMatch(text, /scrypt|a-password/)
  }
  const client = createClient({ url: world.url })
  const { rows } = await client.execute(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
  const found: string[] = []
  for (const name of rows.map((row) => z.string().parse(row['name']))) {
    const table = await client.execute(`SELECT * FROM "${name}"`)
    if (JSON.stringify(table.rows).includes('a-password-of-ann')) found.push(name)
  }
  client.close()
  assert.deepEqual(found, [])
})

test('a change under If-Match is refused once another has come between', async () => {
  await using world = await withTenant()
  const token = world.admin.apiKey
  await post(world, shop({}))
  const shown = await world.call(`GET ${ROUTES}/shop`, { token })
  const tag = shown.headers.get('etag') ?? ''
  const patch = (weight: number) =>
    world.call(`PATCH ${ROUTES}/shop`, {
      token,
      body: { targets: [{ app: 'web', weight }] },
      headers: { 'if-match': tag },
    })
  assert.equal((await patch(1)).status, 200)
  assert.equal((await patch(2)).status, 412)
})

test('a domain that is not proved says what is looked for', async () => {
  await using world = await withTenant({ CLOUDLET_API_HOST: 'api.cloud.example' })
  const token = world.admin.apiKey
  const claim = (name: string) =>
    world.call('POST /v1/tenants/aa/domains', { token, body: { name } })
  assert.equal((await claim('shop.example')).status, 201)
  assert.equal((await claim('cloud.example')).status, 422)
  const answer = await world.call('POST /v1/tenants/aa/domains/shop.example/verify', { token })
  assert.equal(answer.status, 409)
  const problem = z
    .object({ type: z.string(), dns: z.object({ name: z.string(), value: z.string() }) })
    .parse(await answer.json())
  assert.deepEqual(
    [problem.type, problem.dns.name],
    ['/problems/domain-unproved', '_cloudlet.shop.example'],
  )
})
