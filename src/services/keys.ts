import type { AccessKeyRow } from '../../db/queries/keys.ts'
import type { NewAccessKey } from '../contract/keys.ts'
import { PLATFORM } from '../core/actor.ts'
import { ALL_PERMISSIONS } from '../core/permissions.ts'
import { authentication, invalidToken } from './authentication.ts'
import { keyIssue, type KeyDeps, type KeysAsked } from './key-issue.ts'
import { keyOf, ownerOf } from './key-view.ts'
import { liveKeys } from './live-keys.ts'

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

export function keyService(deps: KeyDeps) {
  const { store, clock, tokens, keyRing } = deps
  const live = liveKeys(keyRing)
  const issue = keyIssue(deps, live)

  return {
    ...issue,
    authenticate: authentication({ clock, tokens, keys: live }),

    /** The first key there is: of the platform, for its operator. */
    createAdmin(description: string): Promise<NewAccessKey> {
      const asked: KeysAsked = {
        tenant: null,
        actor: PLATFORM,
        caller: { permissions: ALL_PERMISSIONS },
      }
      return issue.create(asked, { description, role: 'admin' })
    },

    /** The oldest first, those that have ended among them. */
    async list(tenant: string | null, { limit, cursor }: Page) {
      const owner = await ownerOf(store.read, tenant)
      const after = cursorOf(cursor)
      const rows = await store.read.keys.list({ tenantId: owner?.id ?? null, after, limit })
      const last = rows.length === limit ? rows.at(-1) : undefined
      return {
        items: rows.map((row) => keyOf(row, owner)),
        nextCursor: last ? `${last.createdAt}.${last.id}` : null,
      }
    },

    /** To be awaited before the first request. Throws when a root key is missing. */
    async load(): Promise<void> {
      const recorded = Map.groupBy(await store.read.keys.allTokens(), ({ keyId }) => keyId)
      for (const { key, slug } of await store.read.keys.allLive()) {
        const owner = key.tenantId === null || slug === null ? null : { id: key.tenantId, slug }
        const own = (recorded.get(key.id) ?? []).filter(({ version }) => version === key.version)
        live.add(key, owner, own)
      }
    },

    /** To be called now and then: what has expired ends, also where nobody asks for anything new. */
    async sweep(): Promise<void> {
      const now = clock.now().getTime()
      const isOver = ({ row }: { readonly row: AccessKeyRow }) =>
        row.expiresAt !== null && row.expiresAt <= now
      live.endWhere(isOver, invalidToken('its key has expired'))
      live.forgetTokensExpiredBefore(now)
      await store.write((q) => q.keys.removeTokensExpiredBefore(now))
    },

    /** The tenant is gone: so are its keys. */
    endTenant(tenantId: string): void {
      live.endWhere(({ tenant }) => tenant?.id === tenantId, invalidToken('its tenant was deleted'))
    },
  }
}
export type KeyService = ReturnType<typeof keyService>

function cursorOf(cursor: string | undefined): { createdAt: number; id: string } | undefined {
  const match = /^(\d{1,15})\.(ck[a-z0-9]{16})$/.exec(cursor ?? '')
  return match ? { createdAt: Number(match[1]), id: match[2] ?? '' } : undefined
}
