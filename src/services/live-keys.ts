import type { AccessKeyRow, ApiKeyRow } from '../../db/queries/keys.ts'
import type { Principal } from '../core/caller.ts'
import type { Grant } from '../core/permissions.ts'
import { reachOf, type Reach } from '../core/reach.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { actionsOf, resourcesOf } from './key-view.ts'

type Owner = { readonly id: string; readonly slug: string } | null

/** One version of a key, or a person's session, that can be used now, as the memory knows it. */
export interface LiveKey {
  readonly id: string
  readonly version: number
  readonly principal: Principal
  readonly tenant: Owner
  readonly grant: Grant
  readonly reach: Reach | null
  readonly secret: string
  /** null: until it is revoked. */
  readonly expiresAt: number | null
  /** Tokens on record, and when each is over (null: with the key). */
  readonly tokens: Map<string, number | null>
  /** Aborted with the key: whatever it had opened hangs on it. */
  readonly end: AbortController
}

/** The two versions of a key that its row can stand for: the current one, and the one in its grace. */
function versionsOf(row: AccessKeyRow) {
  const { version, rootKey, expiresAt, previousRootKey, previousUntil } = row
  const current = { version, rootKey, expiresAt }
  if (previousRootKey === null || previousUntil === null) return [current]
  const until = Math.min(previousUntil, expiresAt ?? Infinity)
  return [current, { version: version - 1, rootKey: previousRootKey, expiresAt: until }]
}

interface KeyFacts {
  readonly row: AccessKeyRow
  readonly tenant: Owner
  readonly tokens: readonly ApiKeyRow[]
}

/**
 * All keys that can be used. It is asked on every request, so it is kept in memory and told of every
 * change in the same process, right after the transaction: there is no moment for a stale entry.
 */
export function liveKeys(keyRing: Pick<KeyRing, 'secretOf'>) {
  const keys = new Map<string, LiveKey>()

  function endWhere(isOver: (key: LiveKey) => boolean, reason: unknown): void {
    for (const key of [...keys.values()].filter(isOver)) {
      keys.delete(kidOf(key))
      key.end.abort(reason)
    }
  }

  function add(live: LiveKey): LiveKey {
    keys.set(kidOf(live), live)
    return live
  }

  return {
    find: (id: string, version: number): LiveKey | undefined => keys.get(kidOf({ id, version })),

    add,

    /** Adds those versions of a key that are not there yet; what is open under the others stays open. */
    addKey({ row, tenant, tokens }: KeyFacts): LiveKey | undefined {
      const added = versionsOf(row).map(({ version, rootKey, expiresAt }) => {
        const { id } = row
        const own = tokens.filter((token) => token.version === version)
        const known = keys.get(kidOf({ id, version }))
        return add({
          id,
          version,
          principal: { kind: 'key', id },
          tenant,
          grant: { role: row.role, actions: actionsOf(row) },
          reach: reachOf(resourcesOf(row)),
          secret: keyRing.secretOf(rootKey, id, version),
          expiresAt,
          tokens: known?.tokens ?? new Map(own.map((token) => [token.jti, token.expiresAt])),
          end: known?.end ?? new AbortController(),
        })
      })
      return added[0]
    },

    /** Every version of it. */
    end: (id: string, reason: unknown): void => endWhere((key) => key.id === id, reason),

    endVersionsBefore: (id: string, version: number, reason: unknown): void =>
      endWhere((key) => key.id === id && key.version < version, reason),

    ids: (): ReadonlySet<string> => new Set([...keys.values()].map(({ id }) => id)),

    countOf(tenantId: string | null): number {
      const own = [...keys.values()].filter(
        ({ tenant, principal }) => principal.kind === 'key' && (tenant?.id ?? null) === tenantId,
      )
      return new Set(own.map(({ id }) => id)).size
    },

    endWhere,

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

const kidOf = ({ id, version }: Pick<LiveKey, 'id' | 'version'>): string => `${id}.${version}`
