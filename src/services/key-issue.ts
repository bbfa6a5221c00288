import type { AccessKeyRow, ApiKeyRow } from '../../db/queries/keys.ts'
import type {
  AccessKey,
  AccessKeyCreate,
  ApiKeyCreate,
  NewAccessKey,
  NewApiKey,
} from '../contract/keys.ts'
import { failure } from '../core/failure.ts'
import { invalidToken } from './authentication.ts'
import {
  keyEntry,
  newToken,
  shown,
  shownToken,
  type Shown,
  type KeyDeps,
  type KeysAsked,
} from './key-issued.ts'
import { checkNarrowing, foundKey, refuseLastWayIn, refuseWider, usableKey } from './key-rules.ts'
import { actionsOf, keyOf, ownerToBe, type KeyOwner } from './key-view.ts'
import type { LiveKeys } from './live-keys.ts'

const MOST_KEYS_OF_OWNER = 1000
const MOST_TOKENS_OF_KEY = 1000

/** Each change is written first, in one transaction, and then told to the keys in memory. */
export const keyIssue = (deps: KeyDeps, live: LiveKeys) => ({
  async create(asked: KeysAsked, wanted: AccessKeyCreate): Promise<NewAccessKey> {
    checkNarrowing(wanted, asked.tenant)
    refuseWider(asked.caller, { role: wanted.role, actions: wanted.actions ?? null })
    const made = await deps.store.writeFor(
      asked.tenant,
      async (q): Promise<Shown<NewAccessKey>> => {
        const owner = await ownerToBe(q, asked.tenant)
        if (live.countOf(owner?.id ?? null) >= MOST_KEYS_OF_OWNER) {
          throw full('key', asked.tenant ?? 'platform')
        }
        const row = newKey(deps, owner, wanted)
        const token = newToken(deps, row)
        await q.keys.insert(row)
        await q.keys.insertToken(token)
        const output = await shown(deps, { row, owner, token })
        await deps.audit.accepted(q, asked.actor, { ...keyEntry('create', owner, row.id), output })
        return { row, owner, token, output }
      },
    )
    live.addKey({ row: made.row, tenant: made.owner, tokens: [made.token] })
    return made.output
  },

  async createToken(asked: KeysAsked, id: string, wanted: ApiKeyCreate): Promise<NewApiKey> {
    const made = await deps.store.writeFor(asked.tenant, async (q): Promise<Shown<NewApiKey>> => {
      const now = deps.clock.now().getTime()
      const { row: key, owner } = await usableKey(q, { ...asked, id }, now)
      refuseWider(asked.caller, { role: key.role, actions: actionsOf(key) }, wanted.scope)
      const known = live.find(id, key.version)?.tokens.size ?? 0
      if (known >= MOST_TOKENS_OF_KEY) throw full('token', id)
      const token = newToken(deps, key, wanted.expiresInSeconds)
      await q.keys.insertToken(token)
      const output = await shownToken(deps, { row: key, token, scope: wanted.scope })
      await deps.audit.accepted(q, asked.actor, { ...keyEntry('token', owner, id), output })
      return { row: key, owner, token, output }
    })
    const { row, token } = made
    live.find(id, row.version)?.tokens.set(token.jti, token.expiresAt)
    return made.output
  },

  async revoke(asked: KeysAsked, id: string): Promise<AccessKey> {
    const revoked = await deps.store.writeFor(asked.tenant, async (q) => {
      const now = deps.clock.now().getTime()
      const { row, owner } = await foundKey(q, { ...asked, id })
      await refuseLastWayIn(q, row, now)
      const revokedAt = row.revokedAt ?? now
      await q.keys.revoke(id, revokedAt)
      await q.keys.removeTokensOf(id)
      await deps.audit.accepted(q, asked.actor, { ...keyEntry('revoke', owner, id), status: 200 })
      return keyOf({ ...row, revokedAt, previousUntil: null }, { owner, now })
    })
    live.end(id, invalidToken('its key was revoked'))
    return revoked
  },

  /** A key of which nobody has had anything yet, with the token that was made with it. */
  shownAgain: (row: AccessKeyRow, token: ApiKeyRow): Promise<NewAccessKey> =>
    shown(deps, { row, owner: null, token }),
})

function newKey(deps: KeyDeps, owner: KeyOwner, wanted: AccessKeyCreate): AccessKeyRow {
  const createdAt = deps.clock.now().getTime()
  const { description, role, actions, resources, expiresInSeconds: seconds } = wanted
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
    actionsJson: actions === undefined ? null : JSON.stringify(actions),
    resourcesJson: resources === undefined ? null : JSON.stringify(resources),
    previousRootKey: null,
    previousUntil: null,
    lastUsedAt: null,
    lastUsedFrom: null,
  }
}

export const keyRotation = (deps: KeyDeps, live: LiveKeys) => ({
  /** The version before ends at once, or when its grace is over; the one before that always does. */
  async rotate(asked: KeysAsked, id: string, graceSeconds: number): Promise<NewAccessKey> {
    const made = await deps.store.writeFor(
      asked.tenant,
      async (q): Promise<Shown<NewAccessKey>> => {
        const now = deps.clock.now().getTime()
        const { row: old, owner } = await usableKey(q, { ...asked, id }, now)
        // The new secret is shown to who asks, who must not become more by it.
        refuseWider(asked.caller, { role: old.role, actions: actionsOf(old) })
        const next = {
          rootKey: deps.keyRing.current,
          version: old.version + 1,
          previousRootKey: graceSeconds > 0 ? old.rootKey : null,
          previousUntil: graceSeconds > 0 ? now + graceSeconds * 1000 : null,
        }
        const row = { ...old, ...next }
        const token = newToken(deps, row)
        await q.keys.renew(id, next)
        await q.keys.removeTokensBefore(id, graceSeconds > 0 ? old.version : row.version)
        await q.keys.insertToken(token)
        const output = await shown(deps, { row, owner, token })
        await deps.audit.accepted(q, asked.actor, { ...keyEntry('rotate', owner, id), output })
        return { row, owner, token, output }
      },
    )
    const { version } = made.row
    const ended = graceSeconds > 0 ? version - 1 : version
    live.endVersionsBefore(id, ended, invalidToken('its key was rotated'))
    live.addKey({ row: made.row, tenant: made.owner, tokens: [made.token] })
    return made.output
  },
})

const full = (kind: string, name: string) =>
  failure('state-conflict', `Cannot create ${kind} of "${name}": there are too many`, {
    kind,
    name,
    state: 'full',
  })
