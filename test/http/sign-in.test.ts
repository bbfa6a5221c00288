import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { User } from '../../src/contract/users.ts'
import { Browser } from '../support/browser.ts'
import { cloudWorld } from '../support/cloud-world.ts'
import { invited, signInHouse as house } from '../support/sign-in-house.ts'

const Whoami = z.looseObject({
  person: z.string(),
  tenant: z.string().nullable(),
  role: z.string(),
})

/** What a page of the platform would send. */
const ofPage = (origin: string, browser: Browser) => ({
  host: new URL(origin).host,
  origin,
  cookie: `cloudlet=${browser.cookie(origin, 'cloudlet')}`,
  'x-cloudlet-client': 'test',
})

test('a person who is invited signs in in the browser, and is who the audit log says', async () => {
  await using at = await house()
  const { world, origin } = at
  await invited(world, 'shop', { email: 'ann@example.com', role: 'operator' })
  const browser = new Browser()
  const page = await browser.visit(at.login, 'ann')
  assert.equal(page.status, 200, page.text)
  assert.match(page.text, /signed in as ann@example\.com/)
  const headers = ofPage(origin, browser)
  const who = Whoami.parse(await (await world.call('GET /v1/whoami', { headers })).json())
  assert.deepEqual([who.person, who.tenant, who.role], ['ann@example.com', 'shop', 'operator'])

  const body = { name: 'web', image: 'cloudlet/base', start: false }
  const made = await world.call('POST /v1/tenants/shop/containers', { headers, body })
  assert.equal(made.status, 202)
  const refused = await world.call('POST /v1/tenants/shop/keys', { headers, body: {} })
  assert.equal(refused.status, 403)
  const { items } = await world.all.audit.list({ limit: 3 })
  assert.deepEqual(
    items.map(({ actor, action, result, keyId }) => [actor, action, result, keyId]),
    [
      ['person:ann@example.com', 'keys.create', 'not-allowed', null],
      ['person:ann@example.com', 'containers.create', 'accepted', null],
      ['person:ann@example.com', 'auth.login', 'accepted', null],
    ],
  )
})

test('a session in a cookie is no good without the header, nor from another origin', async () => {
  await using at = await house()
  const { world, origin } = at
  await invited(world, 'shop', { email: 'ann@example.com', role: 'admin' })
  const browser = new Browser()
  await browser.visit(at.login, 'ann')
  const good = ofPage(origin, browser)
  const { 'x-cloudlet-client': _header, ...bare } = good
  const { origin: _origin, ...quiet } = good
  const statusOf = async (line: 'GET /v1/whoami' | 'POST /v1/tenants/shop/keys', headers: object) =>
    (
      await world.call(line, {
        headers: { ...headers },
        ...(line.startsWith('POST') ? { body: {} } : {}),
      })
    ).status
  assert.equal(await statusOf('GET /v1/whoami', good), 200)
  assert.equal(await statusOf('POST /v1/tenants/shop/keys', good), 201)
  // A page reads from its own origin without naming it, and changes nothing so.
  assert.equal(await statusOf('GET /v1/whoami', quiet), 200)
  assert.equal(await statusOf('POST /v1/tenants/shop/keys', quiet), 401)
  assert.equal(await statusOf('GET /v1/whoami', bare), 401)
  for (const foreign of ['https://evil.example', 'http://app.shop.localhost:8080', 'null']) {
    const headers = { ...good, origin: foreign }
    assert.equal(await statusOf('GET /v1/whoami', headers), 401, foreign)
    assert.equal(await statusOf('POST /v1/tenants/shop/keys', headers), 401, foreign)
  }
})

test('whom nobody has invited is refused with a page that says so, and it is written down', async () => {
  await using at = await house()
  const page = await new Browser().visit(at.login, 'zoe')
  assert.equal(page.status, 403)
  assert.match(page.text, /&quot;zoe@example\.com&quot; is not invited; ask an admin/)
  const [entry] = (await at.world.all.audit.list({ limit: 1 })).items
  assert.deepEqual(
    [entry?.actor, entry?.action, entry?.target, entry?.result],
    ['anonymous', 'auth.login', 'user/zoe@example.com', 'sign-in-refused'],
  )
})

test('an invitation is for whom the address is verified, and afterwards for nobody else', async () => {
  await using at = await house()
  await invited(at.world, 'shop', { email: 'ann@example.com' })
  assert.equal((await new Browser().visit(at.login, 'eve')).status, 403)
  assert.equal((await new Browser().visit(at.login, 'ann')).status, 200)
  // Another account to which the address has passed.
  assert.equal((await new Browser().visit(at.login, 'mal')).status, 403)
  assert.equal((await new Browser().visit(at.login, 'ann')).status, 200)
})

test('a group lets in as the most that it stands for, where who belongs to several says where', async () => {
  const roles = 'dev=member@shop,ops=operator@shop,ops=read@*'
  await using at = await house({ CLOUDLET_OIDC_ROLES: roles })
  const asked = await new Browser().visit(at.login, 'ben')
  assert.equal(asked.status, 403)
  assert.match(
    asked.text,
    /say where, with &quot;tenant&quot;; there are &quot;shop&quot;, &quot;\*&quot; \(&quot;\*&quot; is the platform\)/,
  )
  const browser = new Browser()
  assert.equal((await browser.visit(`${at.login}?tenant=shop`, 'ben')).status, 200)
  const headers = ofPage(at.origin, browser)
  const who = Whoami.parse(await (await at.world.call('GET /v1/whoami', { headers })).json())
  assert.deepEqual([who.tenant, who.role], ['shop', 'operator'])
  assert.equal((await new Browser().visit(at.login, 'zoe')).status, 403)
})

test('who is disabled, removed or gets another role is out within a second, with all that is open', async () => {
  for (const change of ['disable', 'remove', 'demote'] as const) {
    await using at = await house()
    const { world, origin } = at
    const user = await invited(world, 'shop', { email: 'ann@example.com', role: 'operator' })
    const browser = new Browser()
    await browser.visit(at.login, 'ann')
    const headers = ofPage(origin, browser)
    const events = await fetch(`${origin}/v1/tenants/shop/events`, {
      headers: { ...headers, accept: 'application/x-ndjson' },
    })
    assert.equal(events.status, 200)
    const text = events.text()
    const token = world.admin.apiKey
    const begun = performance.now()
    const path = `/v1/tenants/shop/users/${user.id}` as const
    const body = change === 'disable' ? { disabled: true } : { role: 'read' }
    const answer = await (change === 'remove'
      ? world.call(`DELETE ${path}`, { token })
      : world.call(`PATCH ${path}`, { token, body }))
    assert.equal(answer.status, 200)
    assert.match(await text, /"hint":"its person was (disabled|removed)/)
    assert.ok(performance.now() - begun < 1000)
    assert.equal((await world.call('GET /v1/whoami', { headers })).status, 401)
    const again = await new Browser().visit(at.login, 'ann')
    assert.equal(again.status, change === 'demote' ? 200 : 403)
  }
})

test('who is signed in is among the sessions, can be signed out there, and signs out', async () => {
  await using at = await house()
  const { world, origin } = at
  await invited(world, 'shop', { email: 'ann@example.com' })
  const Sessions = z.object({
    items: z.array(z.looseObject({ id: z.string(), actor: z.string() })),
  })
  const token = world.admin.apiKey
  const list = async () =>
    Sessions.parse(await (await world.call('GET /v1/tenants/shop/sessions', { token })).json())
      .items
  const first = new Browser()
  await first.visit(at.login, 'ann')
  const [one] = await list()
  assert.equal(one?.actor, 'person:ann@example.com')
  await world.call(`DELETE /v1/tenants/shop/sessions/${one.id}`, { token })
  const headers = ofPage(origin, first)
  assert.equal((await world.call('GET /v1/whoami', { headers })).status, 401)

  const second = new Browser()
  await second.visit(at.login, 'ann')
  const fresh = ofPage(origin, second)
  assert.equal((await world.call('POST /v1/auth/logout', { headers: fresh })).status, 200)
  assert.equal((await world.call('GET /v1/whoami', { headers: fresh })).status, 401)
  assert.deepEqual(await list(), [])
  assert.equal((await world.call('POST /v1/auth/logout', { token })).status, 409)
})

test('a session outlives a new start, and ends after eight hours', async () => {
  await using at = await house()
  const { world, origin } = at
  await invited(world, 'shop', { email: 'ann@example.com' })
  const browser = new Browser()
  await browser.visit(at.login, 'ann')
  const token = browser.cookie(origin, 'cloudlet') ?? ''
  const after = await world.reborn()
  assert.equal((await after.keys.authenticate(token, '-')).principal.kind, 'person')
  world.time.advance(8 * 60 * 60_000)
  await assert.rejects(after.keys.authenticate(token, '-'), { code: 'invalid-token' })
})

test('a sign-in ends in the browser in which it began, and in time', async () => {
  await using at = await house()
  await invited(at.world, 'shop', { email: 'ann@example.com' })
  const elsewhere = await fetch(`${at.origin}/v1/auth/callback?code=x&state=y`)
  assert.equal(elsewhere.status, 403)
  assert.match(await elsewhere.text(), /another browser/)
  const begun = await fetch(at.login, { redirect: 'manual' })
  const cookie = begun.headers.getSetCookie().join().split(';')[0] ?? ''
  const attributes = begun.headers.getSetCookie().join()
  assert.match(attributes, /HttpOnly/)
  assert.match(attributes, /SameSite=Lax/)
  const forged = await fetch(`${at.origin}/v1/auth/callback?code=x&state=y`, {
    headers: { cookie },
  })
  assert.equal(forged.status, 403)
  assert.match(await forged.text(), /did not confirm it/)
  at.world.time.advance(10 * 60_000)
  const late = await fetch(`${at.origin}/v1/auth/callback?code=x&state=y`, { headers: { cookie } })
  assert.match(await late.text(), /too long ago/)
})

test('under another name the browser is sent to the one that it will come back to', async () => {
  await using at = await house()
  const asked = { headers: { host: 'localhost:1' } }
  const answer = await at.world.call('GET /v1/auth/login?tenant=shop', asked)
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.get('location'), `${at.login}?tenant=shop`)
})

test('where no provider is set, or none answers, a sign-in says so', async () => {
  await using world = await cloudWorld()
  const host = '127.0.0.1:7070'
  const none = await world.call('GET /v1/auth/login', { headers: { host } })
  assert.equal(none.status, 404)
  await using away = await cloudWorld({
    CLOUDLET_OIDC_ISSUER: 'http://127.0.0.1:9',
    CLOUDLET_OIDC_CLIENT_ID: 'cloudlet',
  })
  const answer = await away.call('GET /v1/auth/login', { headers: { host } })
  assert.equal(answer.status, 503)
})

test('with TLS only the cookie counts that no other host can set', async () => {
  await using world = await cloudWorld({
    CLOUDLET_API_HOSTS: 'cloud.example',
    CLOUDLET_OIDC_REDIRECT_URL: 'https://cloud.example/v1/auth/callback',
  })
  const statusOf = async (cookie: string) => {
    const headers = { host: 'cloud.example', cookie, 'x-cloudlet-client': 'test' }
    return (await world.call('GET /v1/whoami', { headers })).status
  }
  assert.equal(await statusOf(`__Host-cloudlet=${world.admin.apiKey}`), 200)
  assert.equal(await statusOf(`cloudlet=${world.admin.apiKey}`), 401)
})

test('who belongs to a tenant and to the platform can say either', async () => {
  await using at = await house({ CLOUDLET_OIDC_ROLES: 'ops=admin@*' })
  await invited(at.world, 'shop', { email: 'ben@example.com', role: 'read' })
  assert.equal((await new Browser().visit(at.login, 'ben')).status, 403)
  for (const [place, tenant] of [
    ['shop', 'shop'],
    ['*', null],
  ] as const) {
    const browser = new Browser()
    assert.equal((await browser.visit(`${at.login}?tenant=${place}`, 'ben')).status, 200, place)
    const headers = ofPage(at.origin, browser)
    const who = Whoami.parse(await (await at.world.call('GET /v1/whoami', { headers })).json())
    assert.equal(who.tenant, tenant)
  }
})

test('a new e-mail address lets nobody in again who is kept out, and locks nobody out', async () => {
  await using at = await house({ CLOUDLET_OIDC_ROLES: 'dev=member@shop' })
  assert.equal((await new Browser().visit(at.login, 'ben')).status, 200)
  at.accounts['ben'] = { ...at.accounts['ben'], email: 'benjamin@example.com' }
  const browser = new Browser()
  assert.equal((await browser.visit(at.login, 'ben')).status, 200)
  const headers = ofPage(at.origin, browser)
  const who = Whoami.parse(await (await at.world.call('GET /v1/whoami', { headers })).json())
  assert.equal(who.person, 'benjamin@example.com')

  const token = at.world.admin.apiKey
  const list = await at.world.call('GET /v1/tenants/shop/users', { token })
  const { items } = z.object({ items: z.array(User) }).parse(await list.json())
  assert.deepEqual(
    items.map(({ email }) => email),
    ['benjamin@example.com'],
  )
  const path = `/v1/tenants/shop/users/${items[0]?.id ?? ''}` as const
  await at.world.call(`PATCH ${path}`, { token, body: { disabled: true } })
  at.accounts['ben'] = { ...at.accounts['ben'], email: 'ben.again@example.com' }
  assert.equal((await new Browser().visit(at.login, 'ben')).status, 403)
})

test('with TLS no other host can plant what a sign-in has begun with', async () => {
  const redirect = 'https://127.0.0.1/v1/auth/callback'
  await using at = await house({ CLOUDLET_OIDC_REDIRECT_URL: redirect })
  const headers = { host: '127.0.0.1' }
  const begun = await at.world.app.request('/v1/auth/login', { headers })
  const line = begun.headers.getSetCookie().join()
  assert.match(line, /^__Host-cloudlet-sign-in=.*; Path=\/;.*Secure/)
  const cookie = line.split(';')[0]?.replace('__Host-', '') ?? ''
  const planted = { ...headers, cookie }
  const back = await at.world.app.request('/v1/auth/callback?code=x&state=y', { headers: planted })
  assert.match(await back.text(), /another browser/)
})
