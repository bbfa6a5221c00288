import type { Queries, Store } from '../../db/open.ts'
import type { AccessKeyRow, ApiKeyRow } from '../../db/queries/keys.ts'
import type {
  AccessKey,
  AccessKeyCreate,
  ApiKeyCreate,
  NewAccessKey,
  NewApiKey,
} from '../contract/keys.ts'
import type { Actor } from '../core/actor.ts'
import type { Caller } from '../core/caller.ts'
import { failure, notFound } from '../core/failure.ts'
import { permissionsOf, type Permission } from '../core/permissions.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { Tokens } from '../ports/tokens.ts'
import type { AuditService } from './audit.ts'
import { invalidToken } from './authentication.ts'
import { keyOf, ownerOf, type KeyOwner } from './key-view.ts'
import type { LiveKeys } from './live-keys.ts'

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

interface Issued {
  readonly row: AccessKeyRow
  readonly owner: KeyOwner
  readonly token: ApiKeyRow
}

/** With the answer, made inside the transaction: a repeat of the request is answered the same. */
interface Shown<T> extends Issued {
  readonly output: T
}

const MOST_KEYS_OF_OWNER = 1000
const MOST_TOKENS_OF_KEY = 1000

/** Each change is written first, in one transaction, and then told to the keys in memory. */
export const keyIssue = (deps: KeyDeps, live: LiveKeys) => ({
  async create(asked: KeysAsked, wanted: AccessKeyCreate): Promise<NewAccessKey> {
    refuseWider(asked, permissionsOf(wanted.role))
    const made = await deps.store.write(async (q): Promise<Shown<NewAccessKey>> => {
      const owner = await ownerOf(q, asked.tenant)
      if (live.countOf(owner?.id ?? null) >= MOST_KEYS_OF_OWNER) {
        throw full('key', asked.tenant ?? 'platform')
      }
      const row = newKey(deps, owner, wanted)
      const token = newToken(deps, row)
      await q.keys.insert(row)
      await q.keys.insertToken(token)
      const output = await shown(deps, { row, owner, token })
      await deps.audit.accepted(q, asked.actor, { ...entry('create', owner, row.id), output })
      return { row, owner, token, output }
    })
    live.add(made.row, made.owner, [made.token])
    return made.output
  },

  async rotate(asked: KeysAsked, id: string): Promise<NewAccessKey> {
    const made = await deps.store.write(async (q): Promise<Shown<NewAccessKey>> => {
      const { row: old, owner } = await usable(deps, q, { ...asked, id })
      // The new secret is shown to who asks, who must not become more by it.
      refuseWider(asked, permissionsOf(old.role))
      const next = { rootKey: deps.keyRing.current, version: old.version + 1 }
      const row = { ...old, ...next }
      const token = newToken(deps, row)
      await q.keys.renew(id, next)
      await q.keys.removeTokensOf(id)
      await q.keys.insertToken(token)
      const output = await shown(deps, { row, owner, token })
      await deps.audit.accepted(q, asked.actor, { ...entry('rotate', owner, id), output })
      return { row, owner, token, output }
    })
    live.end(id, invalidToken('its key was rotated'))
    live.add(made.row, made.owner, [made.token])
    return made.output
  },

  async createToken(asked: KeysAsked, id: string, wanted: ApiKeyCreate): Promise<NewApiKey> {
    const issued = await deps.store.write(async (q): Promise<Shown<NewApiKey>> => {
      const { row: key, owner } = await usable(deps, q, { ...asked, id })
      refuseWider(asked, permissionsOf(key.role, wanted.scope))
      if ((live.find(id)?.tokens.size ?? 0) >= MOST_TOKENS_OF_KEY) throw full('token', id)
      const made = newToken(deps, key, wanted.expiresInSeconds)
      await q.keys.insertToken(made)
      const output = await shownToken(deps, { row: key, token: made, scope: wanted.scope })
      await deps.audit.accepted(q, asked.actor, { ...entry('token', owner, id), output })
      return { row: key, owner, token: made, output }
    })
    live.find(id)?.tokens.set(issued.token.jti, issued.token.expiresAt)
    return issued.output
  },

  async revoke(asked: KeysAsked, id: string): Promise<AccessKey> {
    const revoked = await deps.store.write(async (q) => {
      const { row, owner } = await found(q, { ...asked, id })
      const revokedAt = row.revokedAt ?? deps.clock.now().getTime()
      await q.keys.revoke(id, revokedAt)
      await q.keys.removeTokensOf(id)
      await deps.audit.accepted(q, asked.actor, { ...entry('revoke', owner, id), status: 200 })
      return keyOf({ ...row, revokedAt }, owner)
    })
    live.end(id, invalidToken('its key was revoked'))
    return revoked
  },
})

function newKey(deps: KeyDeps, owner: KeyOwner, wanted: AccessKeyCreate): AccessKeyRow {
  const createdAt = deps.clock.now().getTime()
  const { description, role, expiresInSeconds: seconds } = wanted
  return {
    id: `ck${deps.newId()}`,
    tenantId: owner?.id ?? null,
    description,
    role,
    rootKey: deps.keyRing.current,
    version: 1,
    createdAt,
    expiresAt: seconds === undefined ? null : createdAt + seconds * 1000,
    revokedAt: null,
  }
}

/** A token on record; it never outlives its key. */
function newToken(deps: KeyDeps, row: AccessKeyRow, expiresInSeconds?: number): ApiKeyRow {
  const createdAt = deps.clock.now().getTime()
  const wanted = expiresInSeconds === undefined ? Infinity : createdAt + expiresInSeconds * 1000
  const earliest = Math.min(wanted, row.expiresAt ?? Infinity)
  const expiresAt = earliest === Infinity ? null : earliest
  return { jti: deps.newJti(), keyId: row.id, version: row.version, createdAt, expiresAt }
}

/** The secret is shown this once. */
async function shown(deps: KeyDeps, { row, owner, token }: Issued): Promise<NewAccessKey> {
  const secretKey = deps.keyRing.secretOf(row.rootKey, row.id, row.version)
  return { ...keyOf(row, owner), secretKey, apiKey: await signed(deps, { row, token }) }
}

async function shownToken(deps: KeyDeps, signing: Signing): Promise<NewApiKey> {
  const { jti, expiresAt } = signing.token
  const apiKey = await signed(deps, signing)
  return { jti, apiKey, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() }
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

interface OneKey {
  readonly tenant: string | null
  readonly id: string
}

async function found(q: Queries, { tenant, id }: OneKey) {
  const owner = await ownerOf(q, tenant)
  const row = await q.keys.byId(id)
  if (!row || row.tenantId !== (owner?.id ?? null)) throw notFound('key', id)
  return { row, owner }
}

async function usable({ clock }: KeyDeps, q: Queries, asked: OneKey) {
  const key = await found(q, asked)
  const { revokedAt, expiresAt } = key.row
  const expired = expiresAt !== null && expiresAt <= clock.now().getTime()
  if (revokedAt === null && !expired) return key
  const state = revokedAt === null ? 'expired' : 'revoked'
  throw failure('state-conflict', `Cannot use key "${asked.id}": it is ${state}`, {
    kind: 'key',
    name: asked.id,
    state,
  })
}

/** Nobody hands out, or gets hold of, more than they have. */
function refuseWider({ caller }: KeysAsked, wanted: readonly Permission[]): void {
  const permission = wanted.find((one) => !caller.permissions.includes(one))
  if (permission === undefined) return
  const message = `Cannot give permission "${permission}": the asking key does not have it`
  throw failure('not-allowed', message, { permission })
}

const entry = (verb: string, owner: KeyOwner, id: string) => ({
  action: `${owner === null ? 'platform-keys' : 'keys'}.${verb}`,
  tenant: owner,
  target: `key/${id}`,
  status: 201,
})

const full = (kind: string, name: string) =>
  failure('state-conflict', `Cannot create ${kind} of "${name}": there are too many`, {
    kind,
    name,
    state: 'full',
  })
