import type { AccessKeyRow, ApiKeyRow } from '../../db/queries/keys.ts'
import type { Tenant } from '../contract/tenants.ts'
import type { KeyRing } from '../ports/key-ring.ts'

type Owner = Pick<Tenant, 'id' | 'slug'> | null

/** A key that can be used now, as the memory knows it. */
export interface LiveKey {
  readonly row: AccessKeyRow
  readonly tenant: Owner
  readonly secret: string
  /** Tokens on record, and when each is over (null: with the key). */
  readonly tokens: Map<string, number | null>
  /** Aborted with the key: whatever it had opened hangs on it. */
  readonly end: AbortController
}

/**
 * All keys that can be used. It is asked on every request, so it is kept in memory and told of every
 * change in the same process, right after the transaction: there is no moment for a stale entry.
 */
export function liveKeys(keyRing: Pick<KeyRing, 'secretOf'>) {
  const keys = new Map<string, LiveKey>()

  function end(id: string, reason: unknown): void {
    keys.get(id)?.end.abort(reason)
    keys.delete(id)
  }

  return {
    find: (id: string): LiveKey | undefined => keys.get(id),

    add(row: AccessKeyRow, tenant: Owner, tokens: readonly ApiKeyRow[]): LiveKey {
      const live: LiveKey = {
        row,
        tenant,
        secret: keyRing.secretOf(row.rootKey, row.id, row.version),
        tokens: new Map(tokens.map(({ jti, expiresAt }) => [jti, expiresAt])),
        end: new AbortController(),
      }
      keys.set(row.id, live)
      return live
    },

    end,

    countOf(tenantId: string | null): number {
      return [...keys.values()].filter(({ tenant }) => (tenant?.id ?? null) === tenantId).length
    },

    endWhere(isOver: (key: LiveKey) => boolean, reason: unknown): void {
      for (const key of [...keys.values()].filter(isOver)) end(key.row.id, reason)
    },

    forgetTokensExpiredBefore(time: number): void {
      for (const { tokens } of keys.values()) {
        for (const [jti, expiresAt] of tokens) {
          if (expiresAt !== null && expiresAt < time) tokens.delete(jti)
        }
      }
    },
  }
}
export type LiveKeys = ReturnType<typeof liveKeys>
