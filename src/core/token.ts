import type { Permission } from './permissions.ts'
import { ALL_PERMISSIONS } from './permissions.ts'

/** What a token claims, read strictly. Nothing of it is to be believed before the signature is. */
export interface ReadToken {
  readonly accessKeyId: string
  readonly version: number
  readonly jti: string
  readonly issuedAt: number
  readonly expiresAt: number | undefined
  readonly notBefore: number | undefined
  readonly scope: readonly Permission[] | undefined
  /** Undefined where the token does not say; null where it says that it is of no tenant. */
  readonly tenant: string | null | undefined
}
export type TokenReading =
  | { readonly ok: true; readonly token: ReadToken }
  | { readonly ok: false; readonly hint: string }

/** Longer than any token of ours, short enough that a stranger cannot make us work. */
const LONGEST = 4096
const HEADER_FIELDS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ'])
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** `ck` is an access key, `cs` a person's session. */
const KID = /^(c[ks][a-z0-9]{16})\.([1-9]\d{0,8})$/
const JTI = /^[\w-]{8,64}$/

/**
 * Reads header and claims. The header may hold `alg`, `kid` and `typ` and nothing else, so that
 * whatever asks for another key, another algorithm or another reading (`jku`, `jwk`, `x5u`, `crit`,
 * `b64`, `zip`) is refused by not being there (RFC 8725 §3.1, §3.10).
 */
export function readToken(text: string): TokenReading {
  if (text.length > LONGEST) return refused('it is too long')
  if (!COMPACT.test(text)) return refused('it is not a signed JWT')
  const [head = '', body = ''] = text.split('.')
  const header = jsonOf(head)
  const claims = jsonOf(body)
  if (!header || !claims) return refused('it is not a signed JWT')

  const unknown = Object.keys(header).some((field) => !HEADER_FIELDS.has(field))
  if (unknown) return refused('its header has a field that is not understood')
  if (header['alg'] !== 'HS256') return refused('its algorithm is not HS256')
  if (header['typ'] !== undefined && header['typ'] !== 'JWT') return refused('its type is not JWT')
  const kid = typeof header['kid'] === 'string' ? KID.exec(header['kid']) : null
  if (!kid) return refused('its "kid" is not "<access key id>.<version>"')
  const [, accessKeyId = '', version = ''] = kid
  return readClaims(claims, { accessKeyId, version: Number(version) })
}

function readClaims(
  claims: Readonly<Record<string, unknown>>,
  key: Pick<ReadToken, 'accessKeyId' | 'version'>,
): TokenReading {
  const { sub, jti, iat, exp, nbf, scope, tenant } = claims
  if (sub !== key.accessKeyId) return refused('its "sub" is not the access key of its "kid"')
  if (typeof jti !== 'string' || !JTI.test(jti))
    return refused('its "jti" is missing or ill-formed')
  if (!isTime(iat)) return refused('its "iat" is missing or not a time')
  if (exp !== undefined && !isTime(exp)) return refused('its "exp" is not a time')
  if (nbf !== undefined && !isTime(nbf)) return refused('its "nbf" is not a time')
  const narrowed = readScope(scope)
  if (narrowed === null) return refused('its "scope" is not a list of permissions')
  if (tenant !== undefined && tenant !== null && typeof tenant !== 'string') {
    return refused('its "tenant" is not a slug')
  }
  const token = { ...key, jti, issuedAt: iat, expiresAt: exp, notBefore: nbf, tenant }
  return { ok: true, token: { ...token, scope: narrowed } }
}

/** A list, or words in one string (RFC 8693 §4.2). Words that are no permission narrow to nothing. */
function readScope(scope: unknown): readonly Permission[] | undefined | null {
  if (scope === undefined) return undefined
  const words: unknown = typeof scope === 'string' ? scope.split(' ') : scope
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) return null
  return ALL_PERMISSIONS.filter((permission) => words.includes(permission))
}

/** How far the clocks of client and server may be apart. */
const SKEW_SECONDS = 60
/** How long a token may live that a client has minted by itself. */
const UNRECORDED_SECONDS = 15 * 60

interface Standing {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Expiry of the token's `jti` on record: null is never, undefined is not on record. */
  readonly recorded: number | null | undefined
  /** Slug of the key's tenant. */
  readonly tenant: string | null
}

/** Says why a token whose signature is good is not accepted, or nothing when it is. */
export function objection(
  token: ReadToken,
  { now, recorded, tenant }: Standing,
): string | undefined {
  const seconds = now / 1000
  if (token.tenant !== undefined && token.tenant !== tenant) return 'it is of another tenant'
  if (token.expiresAt !== undefined && token.expiresAt <= seconds) return 'it has expired'
  if (typeof recorded === 'number' && recorded <= now) return 'it has expired'
  const earliest = Math.max(token.issuedAt, token.notBefore ?? 0)
  if (earliest > seconds + SKEW_SECONDS) {
    return 'it is not valid yet: is the clock right? The header Date tells the time of the server'
  }
  if (recorded !== undefined) return undefined
  if (token.expiresAt === undefined) return 'it is not on record, and has no "exp"'
  if (token.expiresAt > seconds + UNRECORDED_SECONDS + SKEW_SECONDS) {
    return 'it is not on record, and lives longer than 15 minutes'
  }
  return undefined
}

const refused = (hint: string): TokenReading => ({ ok: false, hint })

/** RFC 7519 §2: seconds since 1970, fractions allowed. */
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 1e11

function jsonOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const base64 = part.replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return { ...value }
  } catch {
    // Whatever of the three went wrong: it is not a token.
    return undefined
  }
}
