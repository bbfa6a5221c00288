import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, createSign } from 'node:crypto'
import { test } from 'node:test'
import { z } from 'zod'
import { mintToken } from '../../src/client/token.ts'
import type { NewAccessKey } from '../../src/contract/keys.ts'
import { apiWorld, START, type Line } from '../support/api-world.ts'

const NOW = START / 1000
const Problem = z.looseObject({ type: z.string(), hint: z.string() })

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Signs whatever it is given: what an attacker with a good secret of another key could send. */
function forged(header: unknown, claims: unknown, secret: string): string {
  const signed = `${base64(header)}.${base64(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

interface Good {
  readonly key: NewAccessKey
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

const goodOf = (key: NewAccessKey): Good => ({
  key,
  header: { alg: 'HS256', typ: 'JWT', kid: `${key.id}.1` },
  claims: { sub: key.id, jti: 'minted-by-hand', iat: NOW, exp: NOW + 600 },
})

/** Each makes a token of tenant `a` that must not be accepted; `other` is a good key of tenant `b`. */
const FORGERIES: Readonly<Record<string, (a: Good, other: Good) => string>> = {
  'alg none without a signature': ({ header, claims }) =>
    `${base64({ ...header, alg: 'none' })}.${base64(claims)}.`,
  'alg none with a signature': ({ key, header, claims }) =>
    forged({ ...header, alg: 'none' }, claims, key.secretKey),
  'alg NONE in capitals': ({ header, claims }) =>
    `${base64({ ...header, alg: 'NONE' })}.${base64(claims)}.AA`,
  'alg HS512': ({ key, header, claims }) =>
    forged({ ...header, alg: 'HS512' }, claims, key.secretKey),
  'alg RS256 with a key of one’s own': ({ header, claims }) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const signed = `${base64({ ...header, alg: 'RS256' })}.${base64(claims)}`
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
  },
  'alg RS256 signed as HS256': ({ key, header, claims }) =>
    forged({ ...header, alg: 'RS256' }, claims, key.secretKey),
  'alg is a list': ({ key, header, claims }) =>
    forged({ ...header, alg: ['HS256'] }, claims, key.secretKey),
  'no alg': ({ key, header, claims }) =>
    forged({ ...header, alg: undefined }, claims, key.secretKey),
  'an empty signature': ({ header, claims }) => `${base64(header)}.${base64(claims)}.`,
  'a signature of two parts only': ({ header, claims }) => `${base64(header)}.${base64(claims)}`,
  'a signature by the key of another tenant': ({ header, claims }, other) =>
    forged(header, claims, other.key.secretKey),
  'a signature by an empty secret': ({ header, claims }) => forged(header, claims, ''),
  'a signature over other claims': ({ key, header, claims }) => {
    const [head, , signature] = forged(header, claims, key.secretKey).split('.')
    return `${head}.${base64({ ...claims, exp: NOW + 601 })}.${signature}`
  },
  'kid of another tenant’s key': ({ key, header, claims }, other) =>
    forged({ ...header, kid: `${other.key.id}.1` }, claims, key.secretKey),
  'kid of a version to come': ({ key, header, claims }) =>
    forged({ ...header, kid: `${key.id}.2` }, claims, key.secretKey),
  'kid __proto__': ({ key, header, claims }) =>
    forged({ ...header, kid: '__proto__' }, claims, key.secretKey),
  'kid constructor.1': ({ key, header, claims }) =>
    forged({ ...header, kid: 'constructor.1' }, { ...claims, sub: 'constructor' }, key.secretKey),
  'kid is a path': ({ header, claims }) =>
    forged({ ...header, kid: '../../../../dev/null' }, claims, ''),
  'kid is SQL': ({ key, header, claims }) =>
    forged({ ...header, kid: `' OR 1=1 --.1` }, claims, key.secretKey),
  'kid with a line feed after it': ({ key, header, claims }) =>
    forged({ ...header, kid: `${key.id}.1\n` }, claims, key.secretKey),
  'kid is an object': ({ key, header, claims }) =>
    forged({ ...header, kid: { id: key.id } }, claims, key.secretKey),
  crit: ({ key, header, claims }) => forged({ ...header, crit: ['exp'] }, claims, key.secretKey),
  'b64 false': ({ key, header, claims }) =>
    forged({ ...header, b64: false, crit: ['b64'] }, claims, key.secretKey),
  jku: ({ key, header, claims }) =>
    forged({ ...header, jku: 'https://evil.example/keys' }, claims, key.secretKey),
  jwk: ({ header, claims }) =>
    forged({ ...header, jwk: { kty: 'oct', k: base64('x') } }, claims, 'x'),
  x5u: ({ key, header, claims }) =>
    forged({ ...header, x5u: 'https://evil.example/cert' }, claims, key.secretKey),
  'typ of something else': ({ key, header, claims }) =>
    forged({ ...header, typ: 'at+jwt' }, claims, key.secretKey),
  expired: ({ key, header, claims }) =>
    forged(header, { ...claims, iat: NOW - 700, exp: NOW - 1 }, key.secretKey),
  'expires at this very moment': ({ key, header, claims }) =>
    forged(header, { ...claims, exp: NOW }, key.secretKey),
  'nbf in the future': ({ key, header, claims }) =>
    forged(header, { ...claims, nbf: NOW + 120 }, key.secretKey),
  'iat in the future': ({ key, header, claims }) =>
    forged(header, { ...claims, iat: NOW + 120 }, key.secretKey),
  'no iat': ({ key, header, claims }) =>
    forged(header, { ...claims, iat: undefined }, key.secretKey),
  'a long life without a record': ({ key, header, claims }) =>
    forged(header, { ...claims, exp: NOW + 15 * 60 + 61 }, key.secretKey),
  'no exp without a record': ({ key, header, claims }) =>
    forged(header, { ...claims, exp: undefined }, key.secretKey),
  'exp is text': ({ key, header, claims }) =>
    forged(header, { ...claims, exp: '9999999999' }, key.secretKey),
  'exp is too large a number': ({ key, header, claims }) =>
    forged(header, { ...claims, exp: 1e300 }, key.secretKey),
  'no jti': ({ key, header, claims }) =>
    forged(header, { ...claims, jti: undefined }, key.secretKey),
  'sub of another key': ({ key, header, claims }, other) =>
    forged(header, { ...claims, sub: other.key.id }, key.secretKey),
  'tenant of another': ({ key, header, claims }) =>
    forged(header, { ...claims, tenant: 'b' }, key.secretKey),
  'tenant null, as of the platform': ({ key, header, claims }) =>
    forged(header, { ...claims, tenant: null }, key.secretKey),
  'scope is an object': ({ key, header, claims }) =>
    forged(header, { ...claims, scope: { all: true } }, key.secretKey),
  'claims are a list': ({ key, header }) => forged(header, [], key.secretKey),
  'claims are no JSON': ({ key, header }) => forged(header, '{', key.secretKey),
  'header is no UTF-8': ({ claims }) =>
    `${Buffer.from([0xff, 0xfe]).toString('base64url')}.${base64(claims)}.AAAA`,
  'base64 with padding': ({ key, header, claims }) => `${forged(header, claims, key.secretKey)}==`,
  'base64 of the other alphabet': ({ key, header, claims }) =>
    forged(header, claims, key.secretKey).replace('.', '+.'),
  'five parts, as of an encrypted token': ({ key, header, claims }) =>
    `${forged(header, claims, key.secretKey)}.AA.AA`,
  'over-long': ({ key, header, claims }) =>
    forged(header, { ...claims, more: 'x'.repeat(5000) }, key.secretKey),
}

test('the API accepts the tokens that the forgeries are made from', async () => {
  await using world = await apiWorld()
  const { key, header, claims } = goodOf(await world.tenant('a'))
  for (const token of [
    forged(header, claims, key.secretKey),
    forged(header, { ...claims, tenant: 'a' }, key.secretKey),
    forged(header, { ...claims, iat: NOW + 59, nbf: NOW + 59 }, key.secretKey),
    forged(header, { ...claims, exp: NOW + 15 * 60 + 60 }, key.secretKey),
    key.apiKey,
    await minted(key),
  ]) {
    assert.equal((await world.call('GET /v1/whoami', { token })).status, 200, token)
  }
})

test('the API refuses each forged token with the same answer but for the hint', async () => {
  await using world = await apiWorld()
  const [a, b] = [goodOf(await world.tenant('a')), goodOf(await world.tenant('b'))]
  assert.ok(Object.keys(FORGERIES).length >= 40)
  for (const [name, forge] of Object.entries(FORGERIES)) {
    const answer = await world.call('GET /v1/whoami', { token: forge(a, b) })
    assert.equal(answer.status, 401, name)
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /, name)
    const { instance, hint, ...body } = Problem.parse(await answer.json())
    const detail = 'Cannot accept the token'
    const title = 'Token missing or not valid'
    assert.deepEqual(body, { type: '/problems/invalid-token', status: 401, title, detail }, name)
    assert.match(String(instance), /^urn:request:/)
    assert.notEqual(hint, '', name)
  }
})

test('the API takes no token from anywhere but a Bearer header', async () => {
  await using world = await apiWorld()
  const token = world.admin.apiKey
  const query: Line = `GET /v1/whoami?access_token=${token}`
  assert.equal((await world.call(query)).status, 401)
  for (const authorization of [
    token,
    `Basic ${token}`,
    `Bearer  ${token}`,
    `Bearer ${token} x`,
    'Bearer',
  ]) {
    const answer = await world.call('GET /v1/whoami', { headers: { authorization } })
    assert.equal(answer.status, 401, authorization)
  }
  const lower = await world.call('GET /v1/whoami', {
    headers: { authorization: `bearer ${token}` },
  })
  assert.equal(lower.status, 200)
})

test('a scope narrows what a token may do and never widens it', async () => {
  await using world = await apiWorld()
  const key = await world.tenant('a', 'member')
  const wide = await minted(key, ['containers:read', 'tenants:write', 'keys:write', 'nonsense'])
  const Whoami = z.object({ permissions: z.array(z.string()) })
  const seen = Whoami.parse(await (await world.call('GET /v1/whoami', { token: wide })).json())
  assert.deepEqual(seen.permissions, ['containers:read'])
  const words = forged(
    { alg: 'HS256', kid: `${key.id}.1` },
    { ...goodOf(key).claims, scope: 'usage:read containers:read' },
    key.secretKey,
  )
  const spaced = Whoami.parse(await (await world.call('GET /v1/whoami', { token: words })).json())
  assert.deepEqual(spaced.permissions, ['containers:read', 'usage:read'])
  const nothing = await minted(key, [])
  assert.equal((await world.call('GET /v1/tenants/a/audit', { token: nothing })).status, 403)
})

test('a token stops with the moment it expires, though it has been seen before', async () => {
  await using world = await apiWorld()
  const token = await minted(await world.tenant('a'))
  assert.equal((await world.call('GET /v1/whoami', { token })).status, 200)
  world.advance(899_000)
  assert.equal((await world.call('GET /v1/whoami', { token })).status, 200)
  world.advance(1000)
  const answer = await world.call('GET /v1/whoami', { token })
  assert.equal(answer.status, 401)
  assert.match(Problem.parse(await answer.json()).hint, /expired/)
})

const minted = (key: NewAccessKey, scope?: readonly string[]): Promise<string> =>
  mintToken({
    accessKeyId: key.id,
    secretKey: key.secretKey,
    version: key.version,
    now: new Date(START),
    randomJti: 'minted-by-client',
    lifetimeSeconds: 900,
    ...(scope && { scope }),
  })
