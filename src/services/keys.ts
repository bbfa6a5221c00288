import type { AccessKeyRow } from '../../db/queries/keys.ts'
import type { AccessKey, NewAccessKey } from '../contract/keys.ts'
import { PLATFORM } from '../core/actor.ts'
import { ALL_PERMISSIONS } from '../core/permissions.ts'
import { authentication, invalidToken } from './authentication.ts'
import { keyIssue, keyRotation } from './key-issue.ts'
import type { KeyDeps, KeysAsked } from './key-issued.ts'
import { foundKey } from './key-rules.ts'
import { keyUses, type KeyUses } from './key-uses.ts'
import { keyOf, ownerOf, type KeyOwner } from './key-view.ts'
import { personSessions } from './person-sessions.ts'
import { liveKeys, type LiveKeys } from './live-keys.ts'

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

export function keyService(deps: KeyDeps) {
  const { store, clock, tokens, keyRing } = deps
  const live = liveKeys(keyRing)
  const uses = keyUses({ store, clock })
  const issue = keyIssue(deps, live)
  const used = (id: string, from: string): void => uses.note(id, from)
  return {
    ...issue,
    ...keyRotation(deps, live),
    ...operatorKey(deps, issue),
    ...views(deps, uses),
    ...life(deps, live, uses),
    /** Sessions of people, who are asked for in the same way as keys. */
    people: personSessions({ keyRing, tokens }, live),
    /** What can be used now. */
    liveKeyOf: live.find,
    authenticate: authentication({ clock, tokens, keys: live, used }),

    async revoke(asked: KeysAsked, id: string): Promise<AccessKey> {
      const revoked = await issue.revoke(asked, id)
      uses.forget(id)
      return revoked
    },
  }
}
export type KeyService = ReturnType<typeof keyService>

function views({ store, clock }: KeyDeps, uses: KeyUses) {
  const seen = (row: AccessKeyRow, owner: KeyOwner): AccessKey =>
    keyOf(row, { owner, use: uses.of(row.id), now: clock.now().getTime() })
  return {
    async get(tenant: string | null, id: string): Promise<AccessKey> {
      const { row, owner } = await foundKey(store.read, { tenant, id })
      return seen(row, owner)
    },

    /** The oldest first, those that have ended among them. */
    async list(tenant: string | null, { limit, cursor }: Page) {
      const owner = await ownerOf(store.read, tenant)
      const after = cursorOf(cursor)
      const rows = await store.read.keys.list({ tenantId: owner?.id ?? null, after, limit })
      const last = rows.length === limit ? rows.at(-1) : undefined
      return {
        items: rows.map((row) => seen(row, owner)),
        nextCursor: last ? `${last.createdAt}.${last.id}` : null,
      }
    },
  }
}

function life({ store, clock }: KeyDeps, live: LiveKeys, uses: KeyUses) {
  return {
    /** To be awaited before the first request. Throws when a root key is missing. */
    async load(): Promise<void> {
      const now = clock.now().getTime()
      const recorded = Map.groupBy(await store.read.keys.allTokens(), ({ keyId }) => keyId)
      for (const { key, slug } of await store.read.keys.allLive(now)) {
        const tenant = key.tenantId === null || slug === null ? null : { id: key.tenantId, slug }
        live.addKey({ row: key, tenant, tokens: recorded.get(key.id) ?? [] })
      }
    },

    /** To be called every second: what has expired ends, also where nobody asks for anything new. */
    endExpired(): void {
      const now = clock.now().getTime()
      const isOver = ({ expiresAt }: { readonly expiresAt: number | null }) =>
        expiresAt !== null && expiresAt <= now
      live.endWhere(isOver, invalidToken('its key has expired'))
    },

    /** To be called now and then: writes down what was used, and forgets what is over. */
    async sweep(): Promise<void> {
      const now = clock.now().getTime()
      live.forgetTokensExpiredBefore(now)
      await store.write(async (q) => {
        await q.keys.removeTokensExpiredBefore(now)
        await q.keys.endGraceBefore(now)
      })
      await uses.flush()
      uses.forgetAllBut(live.ids())
    },

    /** The tenant is gone: so are its keys. */
    endTenant(tenantId: string): void {
      live.endWhere(({ tenant }) => tenant?.id === tenantId, invalidToken('its tenant was deleted'))
    },
  }
}

const OPERATOR = 'made at the first start'

function operatorKey({ store }: KeyDeps, issue: ReturnType<typeof keyIssue>) {
  return {
    /** The first key there is: of the platform, for its operator. */
    createAdmin(): Promise<NewAccessKey> {
      const caller = { permissions: ALL_PERMISSIONS }
      const asked: KeysAsked = { tenant: null, actor: PLATFORM, caller }
      return issue.create(asked, { description: OPERATOR, role: 'admin' })
    },

    /**
     * That key once more, if it has never been used: then the first start was cut short between making
     * it and writing it down, and nobody knows its secret. One that was used is its owner's to keep.
     */
    async unusedAdmin(): Promise<NewAccessKey | undefined> {
      const [row] = (await store.read.keys.adminsOfPlatform()).filter(
        ({ description, version, revokedAt }) =>
          description === OPERATOR && version === 1 && revokedAt === null,
      )
      if (!row || row.lastUsedAt !== null || (await store.read.audit.anyOf(row.id)))
        return undefined
      const [token] = await store.read.keys.tokensOf(row.id)
      return token && issue.shownAgain(row, token)
    },
  }
}

function cursorOf(cursor: string | undefined): { createdAt: number; id: string } | undefined {
  const match = /^(\d{1,15})\.(ck[a-z0-9]{16})$/.exec(cursor ?? '')
  return match ? { createdAt: Number(match[1]), id: match[2] ?? '' } : undefined
}
