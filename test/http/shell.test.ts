import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { PROBLEMS } from '../../src/http/problem.ts'
import type { App } from '../../src/http/shell.ts'
import { apiWorld } from '../support/api-world.ts'

test('each answer carries the id of its request; a client’s own is taken when it is well formed', async () => {
  await using world = await apiWorld()
  const idOf = async (given?: string) => {
    const headers = given === undefined ? {} : { 'x-request-id': given }
    const answer = await world.call('GET /v1/nothing', { headers })
    const { instance } = z.looseObject({ instance: z.string() }).parse(await answer.json())
    assert.equal(instance, `urn:request:${answer.headers.get('x-request-id')}`)
    return answer.headers.get('x-request-id')
  }
  assert.match((await idOf()) ?? '', /^request-/)
  assert.equal(await idOf('my-request-0001'), 'my-request-0001')
  for (const bad of [
    'short',
    'x'.repeat(65),
    'with space in it',
    'with"quote"in-it',
    'a\tb\tc\td\te',
  ]) {
    assert.match((await idOf(bad)) ?? '', /^request-/, bad)
  }
  assert.ok(world.logged.some(({ fields }) => fields['requestId'] === 'my-request-0001'))
})

test('every answer has the security headers and none opens the API to other origins', async () => {
  await using world = await apiWorld()
  for (const path of [
    '/v1/whoami',
    '/v1/openapi.json',
    '/nothing',
    '/docs',
    '/problems/not-found',
  ] as const) {
    const answer = await world.call(`GET ${path}`, { headers: { origin: 'https://evil.example' } })
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', path)
    assert.equal(answer.headers.get('x-frame-options'), 'DENY', path)
    assert.match(
      answer.headers.get('content-security-policy') ?? '',
      /frame-ancestors 'none'/,
      path,
    )
    assert.equal(answer.headers.get('access-control-allow-origin'), null, path)
  }
})

test('the API answers under names it knows and under addresses, and under no other', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const statusUnder = async (host: string) =>
    (await world.call('GET /v1/whoami', { token, headers: { host } })).status
  for (const good of [
    'localhost',
    'LOCALHOST:7070',
    '127.0.0.1:7070',
    '[::1]:7070',
    'cloud.example',
  ]) {
    assert.equal(await statusUnder(good), 200, good)
  }
  for (const bad of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'x@localhost',
    '',
  ]) {
    assert.equal(await statusUnder(bad), 421, bad)
  }
})

test('an unknown path is a problem that says so, with a key and without', async () => {
  await using world = await apiWorld()
  const answer = await world.call('GET /v1/nothing')
  assert.equal(answer.status, 404)
  const body = z.looseObject({ type: z.string(), kind: z.string() }).parse(await answer.json())
  assert.equal(body.type, '/problems/not-found')
  assert.equal(body.kind, 'path')
})

test('the type of each problem is an address that answers what it means', async () => {
  await using world = await apiWorld()
  for (const [code, { status }] of Object.entries(PROBLEMS)) {
    const answer = await world.call(`GET /problems/${code}`)
    assert.equal(answer.status, 200, code)
    assert.match(await answer.text(), new RegExp(`^${code}: .*${status}`))
  }
  assert.equal((await world.call('GET /problems/constructor')).status, 404)
})

const broken = (app: App) =>
  app.get('/broken', () => {
    throw new Error('the secret is 42')
  })

test('an error that nobody foresaw is 500 without its text, which is in the log', async () => {
  await using world = await apiWorld([broken])
  const answer = await world.call('GET /broken')
  assert.equal(answer.status, 500)
  const text = await answer.text()
  assert.ok(!text.includes('secret') && !text.includes('.ts'), text)
  const errors = world.logged.filter(({ level }) => level === 'error')
  assert.match(String(errors[0]?.fields['error']), /the secret is 42/)
})

test('no secret and no token is in the log', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('aa')
  await world.call('GET /v1/whoami', { token: key.apiKey })
  await world.call('GET /v1/whoami', { token: `${key.apiKey}x` })
  await world.call('PUT /v1/tenants/aa/registries/r.example', {
    token: key.apiKey,
    body: { username: 'u', password: 'hunter2' },
  })
  const text = JSON.stringify(world.logged)
  for (const secret of [key.secretKey, key.apiKey, 'hunter2']) assert.ok(!text.includes(secret))
})

test('the reference page and all it needs come from the API itself, and it may talk to nobody else', async () => {
  await using world = await apiWorld()
  const page = await world.call('GET /docs')
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /script-src 'self';.*connect-src 'self'/)
  assert.doesNotMatch(policy, /unsafe-eval|https?:|\*/)
  const html = await page.text()
  const sources = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, source = '']) => source)
  assert.deepEqual(sources, ['/docs/scalar.js', '/docs/start.js'])

  const plain = await world.call('GET /docs/scalar.js')
  assert.equal(plain.headers.get('content-encoding'), null)
  const script = await plain.text()
  assert.match(script, /createApiReference/)
  const packed = await world.call('GET /docs/scalar.js', {
    headers: { 'accept-encoding': 'gzip, br' },
  })
  assert.equal(packed.headers.get('content-encoding'), 'br')
  assert.ok((await packed.arrayBuffer()).byteLength < script.length / 3)
  const refusing = await world.call('GET /docs/scalar.js', {
    headers: { 'accept-encoding': 'br;q=0' },
  })
  assert.equal(refusing.headers.get('content-encoding'), null)
})

const Entry = z.looseObject({ action: z.string(), result: z.string(), status: z.int() })

test('what was refused is in the audit log, whatever refused it, and once', async () => {
  await using world = await apiWorld()
  const { apiKey: token, id } = await world.tenant('aa', 'member')
  await world.call('POST /v1/tenants', { body: { slug: 'cc' } })
  await world.call('POST /v1/tenants', { token, body: { slug: 'cc' } })
  await world.call('POST /v1/tenants/zz/keys', { token, body: {} })
  await world.call('POST /v1/tenants', { token: world.admin.apiKey, body: { slug: '-' } })
  await world.call('POST /v1/tenants', { token: world.admin.apiKey, body: { slug: 'aa' } })
  await world.call('POST /v1/tenants', { token: world.admin.apiKey, body: 'x'.repeat(2 ** 20 + 1) })
  await world.call('DELETE /v1/nowhere', {})
  await world.call('GET /v1/tenants', { token })

  const { items } = await world.audit.list({ limit: 7 })
  const seen = items.toReversed().map((entry) => {
    const { action, result, status } = Entry.parse(entry)
    return `${action} ${result} ${status} ${entry.actor === `key:${id}` ? 'member' : entry.actor.slice(0, 4)}`
  })
  assert.deepEqual(seen, [
    'tenants.create invalid-token 401 anon',
    'tenants.create not-allowed 403 member',
    'keys.create not-found 404 member',
    'tenants.create invalid-input 422 key:',
    'tenants.create name-taken 409 key:',
    'tenants.create body-too-large 413 key:',
    '- not-found 404 anon',
  ])
  assert.equal(items[0]?.target, '/v1/nowhere')
})

test('what a key asks of another tenant is not in that tenant’s audit log, but in its own', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const other = await world.tenant('bb')
  await world.call('POST /v1/tenants/bb/keys', { token, body: {} })
  await world.call('POST /v1/tenants/bb/keys', { body: {} })
  const actionsOf = async (slug: string) => {
    const { items } = await world.audit.listOfTenant(slug, { limit: 100 })
    return items.filter(({ result }) => result !== 'accepted').map(({ action }) => action)
  }
  assert.deepEqual(await actionsOf('bb'), [])
  assert.deepEqual(await actionsOf('aa'), ['keys.create'])
  const answer = await world.call('GET /v1/tenants/bb/audit', { token: other.apiKey })
  assert.equal(answer.status, 200)
})
