import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { objection, readToken, type ReadToken } from '../../src/core/token.ts'

const KEY = 'ck0000000000000001'
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = { alg: 'HS256', typ: 'JWT', kid: `${KEY}.3` }
const claims = { sub: KEY, jti: 'abcdefgh', iat: 1000, exp: 1600 }
const tokenOf = (head: unknown, body: unknown) => `${part(head)}.${part(body)}.c2ln`

test('readToken() reads key, version and claims', () => {
  assert.deepEqual(readToken(tokenOf(header, { ...claims, scope: 'usage:read nothing:at-all' })), {
    ok: true,
    token: {
      accessKeyId: KEY,
      version: 3,
      jti: 'abcdefgh',
      issuedAt: 1000,
      expiresAt: 1600,
      notBefore: undefined,
      scope: ['usage:read'],
      tenant: undefined,
    },
  })
})

test('readToken() refuses every header that holds more than it understands', () => {
  const property = fc.property(fc.string(), fc.jsonValue(), (name, value) => {
    fc.pre(!['alg', 'kid', 'typ', '__proto__'].includes(name))
    assert.equal(readToken(tokenOf({ ...header, [name]: value }, claims)).ok, false)
  })
  fc.assert(property)
})

test('readToken() throws at no text and believes no header but its own', () => {
  const anyPart = fc.oneof(fc.string(), fc.jsonValue().map(part))
  const anyToken = fc.oneof(
    fc.string(),
    fc.tuple(anyPart, anyPart, anyPart).map((parts) => parts.join('.')),
    fc.tuple(fc.constant(part(header)), anyPart).map((parts) => `${parts.join('.')}.c2ln`),
  )
  const property = fc.property(anyToken, (text) => {
    const reading = readToken(text)
    if (reading.ok) assert.equal(reading.token.accessKeyId, KEY)
    else assert.notEqual(reading.hint, '')
  })
  fc.assert(property, { numRuns: 1000 })
})

const read = (change: Partial<ReadToken> = {}): ReadToken => ({
  accessKeyId: KEY,
  version: 1,
  jti: 'abcdefgh',
  issuedAt: 1000,
  expiresAt: 1900,
  notBefore: undefined,
  scope: undefined,
  tenant: undefined,
  ...change,
})
const now = 1_000_000

test('objection() accepts what a client mints for at most fifteen minutes, and a minute of skew', () => {
  const standing = { now, recorded: undefined, tenant: 'aa' }
  assert.equal(objection(read(), standing), undefined)
  assert.equal(objection(read({ expiresAt: 1960 }), standing), undefined)
  assert.match(objection(read({ expiresAt: 1960.5 }), standing) ?? '', /not on record/)
  assert.match(objection(read({ expiresAt: undefined }), standing) ?? '', /no "exp"/)
  assert.equal(objection(read({ issuedAt: 1060 }), standing), undefined)
  assert.match(objection(read({ issuedAt: 1061 }), standing) ?? '', /Date/)
})

test('objection() lets what is on record live as long as the record says', () => {
  const forever = { now, recorded: null, tenant: null }
  assert.equal(objection(read({ expiresAt: undefined }), forever), undefined)
  assert.equal(objection(read({ expiresAt: 999_999 }), forever), undefined)
  assert.equal(objection(read(), { ...forever, recorded: now + 1 }), undefined)
  assert.match(objection(read(), { ...forever, recorded: now }) ?? '', /expired/)
  assert.match(objection(read({ expiresAt: 1000 }), forever) ?? '', /expired/)
})

test('objection() holds a token to the tenant that it names', () => {
  const standing = { now, recorded: null, tenant: 'aa' }
  assert.equal(objection(read({ tenant: 'aa' }), standing), undefined)
  assert.match(objection(read({ tenant: 'bb' }), standing) ?? '', /another tenant/)
  assert.match(objection(read({ tenant: null }), standing) ?? '', /another tenant/)
  assert.equal(objection(read({ tenant: null }), { ...standing, tenant: null }), undefined)
})
