import assert from 'node:assert/strict'
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createClient } from '@libsql/client'
import { z } from 'zod'
import { ENDPOINTS } from '../../src/contract/all.ts'
import type { Endpoint } from '../../src/contract/endpoint.ts'
import type { NewAccessKey } from '../../src/contract/keys.ts'
import { powersOf, ROLE_NAMES, type Role } from '../../src/core/permissions.ts'
import { RESOURCE_KINDS } from '../../src/core/reach.ts'
import type { Line } from '../support/api-world.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { PUBLIC, ROWS, type Row } from './matrix-rows.ts'

/** Every endpoint, against everybody who might ask. */
const GUARDED = ENDPOINTS.filter(({ id }) => !PUBLIC.includes(id))

const rowOf = ({ id }: Endpoint): Row => {
  const row = ROWS[id]
  assert.ok(row, `"${id}" has no row in matrix-rows.ts: say there who may ask it`)
  return row
}

/**
 * What nobody's contract knows. Who is let through is told so by a 422 and changes nothing; who is not
 * never gets as far as that.
 */
const BEYOND = '?nobody-knows-this=1'
type Answer = 'denied' | 'hidden' | 'let through' | 'unknown caller'
const STATUSES: Readonly<Record<Answer, readonly [status: number, code: string]>> = {
  'let through': [422, 'invalid-input'],
  'unknown caller': [401, 'invalid-token'],
  denied: [403, 'not-allowed'],
  hidden: [404, 'not-found'],
}

interface Asking {
  readonly tenant?: string
  readonly token?: string | undefined
  /** What the path names of a kind that keys can be limited to. */
  readonly resource?: string
}

function lineOf({ method, path }: Endpoint, { tenant = 'aa', resource = 'web' }: Asking): Line {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    if (name === 'tenant') return tenant
    return RESOURCE_KINDS.some((kind) => kind === name) ? resource : 'x1'
  })
  return `${method.toUpperCase()} /${filled.slice(1)}${BEYOND}`
}

/** Asks, and holds the answer against what is expected, byte for byte in status and type. */
async function expectAt(
  world: CloudWorld,
  e: Endpoint,
  asking: Asking & { is: Answer; why: string },
) {
  // A refusal that comes too soon after others would not be written down.
  if (isChange(e)) world.time.advance(1000)
  const { token } = asking
  const hasBody = e.body !== undefined
  const answer = await world.call(lineOf(e, asking), {
    ...(token === undefined ? {} : { token }),
    ...(hasBody ? { body: {} } : {}),
  })
  const [status, code] = STATUSES[asking.is]
  const body: unknown = await answer.json()
  const said = `${asking.why} at ${e.id}: ${JSON.stringify(body)}`
  assert.equal(answer.status, status, said)
  assert.ok(typeof body === 'object' && body !== null && 'type' in body)
  assert.equal(body.type, `/problems/${code}`, said)
  assert.equal(answer.headers.get('www-authenticate') !== null, status === 401, said)
}

/** Everything that is written, but the audit log. */
async function written(world: CloudWorld): Promise<string> {
  const client = createClient({ url: world.url })
  const { rows } = await client.execute(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'
     AND name NOT LIKE 'audit%'`,
  )
  const tables = await Promise.all(
    z
      .array(z.looseObject({ name: z.string() }))
      .parse(rows)
      .map(({ name }) => client.execute(`SELECT * FROM "${name}" ORDER BY rowid`)),
  )
  client.close()
  return JSON.stringify(tables.map((table) => table.rows))
}

/** Runs what must change nothing, and leave nothing but one refusal for each change that was asked for. */
async function refusing(world: CloudWorld, work: () => Promise<number>): Promise<void> {
  const before = await written(world)
  const known = (await world.all.audit.list({ limit: 1000 })).items.length
  const refused = await work()
  assert.equal(await written(world), before)
  const { items } = await world.all.audit.list({ limit: 1000 })
  const fresh = items.slice(0, items.length - known)
  assert.equal(fresh.length, refused)
  assert.ok(fresh.every(({ result, status }) => result !== 'accepted' && status >= 400))
}

const isChange = (e: Endpoint): boolean => e.method !== 'get' && !e.permission.endsWith(':read')

async function matrixWorld() {
  const world = await cloudWorld()
  await world.addTenant('aa')
  await world.addTenant('bb')
  for (const name of ['web', 'db']) {
    const made = await world.call('POST /v1/tenants/aa/containers', {
      token: world.admin.apiKey,
      body: { name, image: 'cloudlet/base', start: false },
    })
    assert.equal(made.status, 202)
  }
  await world.quiet()
  return world
}

test('every endpoint has a row in the matrix, and the row is what the contract says', () => {
  const ids = ENDPOINTS.map(({ id }) => id)
  assert.deepEqual([...Object.keys(ROWS), ...PUBLIC].toSorted(), ids.toSorted())
  for (const e of ENDPOINTS) {
    assert.equal(e.permission === 'public', PUBLIC.includes(e.id), e.id)
    if (e.permission === 'public') continue
    const { who, of } = rowOf(e)
    const { id, permission } = e
    const may = ROLE_NAMES.filter(
      (role) =>
        permission === 'signed-in' || powersOf({ role, actions: null }).may({ id, permission }),
    )
    assert.deepEqual(who.split(' ').toSorted(), may.toSorted(), id)
    const place = e.platform === true ? 'platform' : 'tenant'
    assert.equal(of, permission === 'signed-in' ? 'anyone' : place, id)
  }
})

test('each role is let through to what its row says, and to nothing else', async () => {
  await using world = await matrixWorld()
  for (const role of ROLE_NAMES) {
    const own = (await world.keyOf('aa', { role })).apiKey
    const platforms = (await world.keyOf(null, { role })).apiKey
    const person = await personToken(world, role)
    for (const e of GUARDED) {
      const { who, of } = rowOf(e)
      const has = who.split(' ').includes(role)
      const inTenant = has && of !== 'platform' ? 'let through' : 'denied'
      await expectAt(world, e, { token: own, is: inTenant, why: `${role} of the tenant` })
      await expectAt(world, e, { token: person, is: inTenant, why: `${role}, a person` })
      const inPlatform = has ? 'let through' : 'denied'
      await expectAt(world, e, { token: platforms, is: inPlatform, why: `${role} of the platform` })
    }
  }
})

/** Of a person's session in the tenant, as a sign-in would have begun it. */
async function personToken({ all, store, time }: CloudWorld, role: Role): Promise<string> {
  const tenant = (await store.read.tenants.bySlug('aa')) ?? null
  const createdAt = time.now().getTime()
  const id = `person${role}`.padEnd(16, '0').slice(0, 16)
  const signIn = {
    id,
    personId: id,
    rootKey: 1,
    address: '-',
    createdAt,
    expiresAt: createdAt + 3_600_000,
  }
  const person = {
    id,
    tenantId: tenant?.id ?? null,
    email: `${role}@example.com`,
    displayName: null,
    role,
    source: 'invitation',
    issuer: null,
    subject: null,
    createdAt,
    disabledAt: null,
    lastSignInAt: null,
  } as const
  all.keys.people.add({ signIn, person, tenant })
  return all.keys.people.token(signIn)
}

test('without a good token nobody gets anywhere, and nothing is left of the attempt', async () => {
  await using world = await matrixWorld()
  const callers = await badTokens(world)
  for (const [why, token] of Object.entries(callers)) {
    // In an hour only so many refusals of strangers are written down.
    world.time.advance(3_600_000)
    await refusing(world, async () => {
      for (const e of GUARDED) await expectAt(world, e, { token, is: 'unknown caller', why })
      return GUARDED.filter(isChange).length
    })
  }
  for (const token of Object.values(callers)) {
    const asked = token === undefined ? {} : { token }
    assert.equal((await world.call('GET /v1/health', asked)).status, 200)
  }
})

test('another tenant’s admin finds nothing there, and changes nothing', async () => {
  await using world = await matrixWorld()
  const { apiKey: token } = await world.keyOf('bb', { role: 'admin' })
  await refusing(world, async () => {
    for (const e of GUARDED) {
      const otherwise = rowOf(e).of === 'platform' ? 'denied' : 'let through'
      const is = e.path.includes('{tenant}') ? 'hidden' : otherwise
      await expectAt(world, e, { token, is, why: 'admin of another tenant' })
    }
    return GUARDED.filter(isChange).length
  })
})

const LIMITED: Readonly<Record<Row['limited'], Answer>> = {
  open: 'let through',
  filtered: 'let through',
  named: 'let through',
  closed: 'denied',
}

test('a key that is limited to resources gets to those, and is refused where the contract is silent', async () => {
  await using world = await matrixWorld()
  const resources = ['container:web']
  const { apiKey: token } = await world.keyOf('aa', { role: 'admin', resources })
  for (const e of GUARDED) {
    const { limited } = rowOf(e)
    const why = 'key of one container'
    await expectAt(world, e, { token, is: LIMITED[limited], why })
    const is = limited === 'named' ? 'hidden' : LIMITED[limited]
    await expectAt(world, e, { token, is, why: `${why}, asking for another`, resource: 'db' })
    await expectAt(world, e, { token, is, why: `${why}, asking for none`, resource: 'nothing' })
  }
})

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token for each way in that must be closed; all are of the platform's admin, who may do everything. */
async function badTokens(world: CloudWorld): Promise<Record<string, string | undefined>> {
  const key = world.admin
  const other = await world.keyOf('bb', { role: 'admin' })
  const revoked = await world.keyOf(null, { role: 'admin' })
  const asked = { tenant: null, actor: world.actor, caller: { permissions: [] } }
  await world.all.keys.revoke(asked, revoked.id)
  const expired = await world.keyOf(null, { role: 'admin', expiresInSeconds: 60 })
  world.time.advance(61_000)
  const claims = { sub: key.id, jti: 'made-by-hand', iat: world.time.now().getTime() / 1000 }
  const lasting = { ...claims, exp: claims.iat + 600 }
  // Valid for as long as the matrix takes, by the clock that is moved by hand.
  const of = (header: object, { secret = key.secretKey, hash = 'sha256', sub = key.id } = {}) => {
    const head = base64({ alg: 'HS256', typ: 'JWT', kid: `${key.id}.1`, ...header })
    const signed = `${head}.${base64({ ...lasting, sub })}`
    return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
  }
  return {
    'no key': undefined,
    revoked: revoked.apiKey,
    expired: expired.apiKey,
    'alg none': of({ alg: 'none' }).replace(/[^.]*$/, ''),
    'alg none, signed': of({ alg: 'none' }),
    'alg HS512': of({ alg: 'HS512' }, { hash: 'sha512' }),
    'alg RS256': rs256(key, lasting),
    'kid of another key': of({ kid: `${other.id}.1` }),
    'kid of another key, signed by it': of({ kid: `${key.id}.1` }, { secret: other.secretKey }),
    'kid of a version to come': of({ kid: `${key.id}.2` }),
    'kid of a session': of({ kid: `cs${key.id.slice(2)}.1` }),
    'kid a path': of({ kid: '../../../../dev/null' }, { secret: '' }),
    'kid __proto__': of({ kid: '__proto__' }, { sub: '__proto__' }),
  }
}

function rs256(key: NewAccessKey, claims: object): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signed = `${base64({ alg: 'RS256', typ: 'JWT', kid: `${key.id}.1` })}.${base64(claims)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
}
