import type { Store } from '../../db/open.ts'
import type { AccessKeyRow, ApiKeyRow } from '../../db/queries/keys.ts'
import type { NewAccessKey, NewApiKey } from '../contract/keys.ts'
import type { Actor } from '../core/actor.ts'
import type { Caller } from '../core/caller.ts'
import { timeText } from '../core/time-text.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { Tokens } from '../ports/tokens.ts'
import type { AuditService } from './audit.ts'
import { keyOf, type KeyOwner } from './key-view.ts'

export interface KeyDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly newJti: () => string
  readonly keyRing: Pick<KeyRing, 'current' | 'secretOf'>
  readonly tokens: Tokens
  readonly audit: AuditService
}

/** Whose keys are meant (null: the platform's own), and who asks. */
export interface KeysAsked {
  readonly tenant: string | null
  readonly actor: Actor
  readonly caller: Pick<Caller, 'permissions'>
}

export interface Issued {
  readonly row: AccessKeyRow
  readonly owner: KeyOwner
  readonly token: ApiKeyRow
}

/** With the answer, made inside the transaction: a repeat of the request is answered the same. */
export interface Shown<T> extends Issued {
  readonly output: T
}

/** A token on record; it never outlives its key. */
export function newToken(deps: KeyDeps, row: AccessKeyRow, expiresInSeconds?: number): ApiKeyRow {
  const createdAt = deps.clock.now().getTime()
  const wanted = expiresInSeconds === undefined ? Infinity : createdAt + expiresInSeconds * 1000
  const earliest = Math.min(wanted, row.expiresAt ?? Infinity)
  const expiresAt = earliest === Infinity ? null : earliest
  return { jti: deps.newJti(), keyId: row.id, version: row.version, createdAt, expiresAt }
}

/** The secret is shown this once. */
export async function shown(deps: KeyDeps, { row, owner, token }: Issued): Promise<NewAccessKey> {
  const secretKey = deps.keyRing.secretOf(row.rootKey, row.id, row.version)
  const now = deps.clock.now().getTime()
  return { ...keyOf(row, { owner, now }), secretKey, apiKey: await signed(deps, { row, token }) }
}

export async function shownToken(deps: KeyDeps, signing: Signing): Promise<NewApiKey> {
  const { jti, expiresAt } = signing.token
  const apiKey = await signed(deps, signing)
  return { jti, apiKey, expiresAt: timeText(expiresAt) }
}

interface Signing {
  readonly row: AccessKeyRow
  readonly token: ApiKeyRow
  readonly scope?: readonly string[] | undefined
}

function signed({ keyRing, tokens }: KeyDeps, { row, token, scope }: Signing): Promise<string> {
  const { jti, version, createdAt, expiresAt } = token
  const claims = {
    accessKeyId: row.id,
    version,
    jti,
    issuedAt: new Date(createdAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    scope,
  }
  return tokens.sign(claims, keyRing.secretOf(row.rootKey, row.id, row.version))
}

/** What the audit log says of it. */
export const keyEntry = (verb: string, owner: KeyOwner, id: string) => ({
  action: `${owner === null ? 'platform-keys' : 'keys'}.${verb}`,
  tenant: owner,
  target: `key/${id}`,
  status: 201,
})
