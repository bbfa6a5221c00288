import { keyIdOf, type Caller } from '../core/caller.ts'
import { failure, type Failure } from '../core/failure.ts'
import { powersOf } from '../core/permissions.ts'
import { objection, readToken, type ReadToken } from '../core/token.ts'
import type { Clock } from '../ports/clock.ts'
import type { Tokens } from '../ports/tokens.ts'
import type { LiveKey, LiveKeys } from './live-keys.ts'

interface Verified {
  readonly token: ReadToken
  readonly key: LiveKey
  readonly caller: Caller
}

/** How many tokens are remembered as well signed. A client mints one every few minutes. */
const MOST_REMEMBERED = 2048

/** One answer for every token that is not accepted; only the hint says what to look at. */
export const invalidToken = (hint: string): Failure =>
  failure('invalid-token', 'Cannot accept the token', { hint })

interface AuthenticationDeps {
  readonly clock: Clock
  readonly tokens: Tokens
  readonly keys: LiveKeys
  /** Told of every key that was accepted, and of the address it came from. */
  readonly used: (keyId: string, from: string) => void
}

export function authentication({ clock, tokens, keys, used }: AuthenticationDeps) {
  /** The signature of the very same text need not be checked twice; everything else is. */
  const remembered = new Map<string, Verified>()

  async function verified(text: string): Promise<Verified> {
    const known = remembered.get(text)
    if (known && keys.find(known.key.id, known.key.version) === known.key) return known
    remembered.delete(text)

    const reading = readToken(text)
    if (!reading.ok) throw invalidToken(reading.hint)
    const { token } = reading
    const key = keys.find(token.accessKeyId, token.version)
    const fits = key !== undefined && (await tokens.isSigned(text, key.secret))
    // One hint for all of these, so that nobody learns which key ids there are.
    if (!key || !fits)
      throw invalidToken('its key is unknown, revoked or rotated, or did not sign it')
    const fresh = { token, key, caller: callerOf(token, key) }
    if (remembered.size >= MOST_REMEMBERED) forgetOldest()
    remembered.set(text, fresh)
    return fresh
  }

  function forgetOldest(): void {
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest)
      return
    }
  }

  return async function authenticate(text: string, from: string): Promise<Caller> {
    const { token, key, caller } = await verified(text)
    const now = clock.now().getTime()
    const { expiresAt } = key
    if (expiresAt !== null && expiresAt <= now) throw invalidToken('its key has expired')
    const tenant = key.tenant?.slug ?? null
    const why = objection(token, { now, recorded: key.tokens.get(token.jti), tenant })
    if (why !== undefined) throw invalidToken(why)
    // Revoked while the signature was being checked.
    if (key.end.signal.aborted) throw invalidToken('its key has just ended')
    const keyId = keyIdOf(key.principal)
    if (keyId !== null) used(keyId, from)
    return caller
  }
}

function callerOf(token: ReadToken, key: LiveKey): Caller {
  const { id, version, expiresAt, principal, tenant, grant, reach, end } = key
  const { permissions, may } = powersOf(grant, token.scope)
  const { role, actions } = grant
  const credential = { id, version, expiresAt }
  const ended = end.signal
  return { principal, tenant, role, permissions, actions, reach, may, credential, ended }
}
