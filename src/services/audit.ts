import type { Queries, Store } from '../../db/open.ts'
import type { AuditQuery } from '../contract/audit.ts'
import type { Actor } from '../core/actor.ts'
import { PLATFORM_CHAIN } from '../core/audit-chain.ts'
import type { Clock } from '../ports/clock.ts'
import { claimRow } from './once.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { allowance } from './allowance.ts'
import { auditPages } from './audit-pages.ts'
import { auditWriter, type Owner } from './audit-writer.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface AuditDeps {
  readonly store: Store
  readonly clock: Clock
  readonly keyRing: Pick<KeyRing, 'current' | 'mac'>
}

interface Accepted {
  /** Id of the endpoint. */
  readonly action: string
  readonly tenant: Owner
  readonly target: string
  readonly status: number
  /** What the request answers, where the transaction knows it: a repeat is answered the same. */
  readonly output?: unknown
}

interface Refused {
  readonly action: string
  /** That of the key. What a stranger asks of a tenant is the platform's business, not that tenant's. */
  readonly tenant: Owner
  readonly target: string
  /** Code of the failure. */
  readonly result: string
  readonly status: number
}

/**
 * Each entry is a write to disk, which a stranger must not be able to order at will: beyond this many
 * refusals are only counted, and the next one to be written says how many. The bound on an hour keeps
 * strangers from filling the platform's chain until retention cuts what matters. Those with a key are counted
 * by the tenant of the key: what one of them does must not hide what another is refused.
 */
const MOST_REFUSALS = {
  anonymous: [
    { most: 5, inMs: 1000 },
    { most: 600, inMs: 3_600_000 },
  ],
  known: [
    { most: 50, inMs: 1000 },
    { most: 3600, inMs: 3_600_000 },
  ],
} as const
/** Who was refused least lately is forgotten, and may have as much written again. */
const MOST_OWNERS = 10_000

export function auditService({ store, clock, keyRing }: AuditDeps) {
  const append = auditWriter({ clock, keyRing })
  const pageOf = auditPages(store)
  const anonymous = allowance(MOST_REFUSALS.anonymous)
  const known = new Map<string, ReturnType<typeof allowance>>()

  function roomOf(owner: string): ReturnType<typeof allowance> {
    const room = known.get(owner) ?? allowance(MOST_REFUSALS.known)
    known.delete(owner)
    known.set(owner, room)
    const [oldest = owner] = known.keys()
    if (known.size > MOST_OWNERS) known.delete(oldest)
    return room
  }

  return {
    /**
     * Belongs into the transaction of what it tells of: either both are written, or neither. With it
     * goes the claim of a request that is to be carried out once.
     */
    async accepted(q: Queries, actor: Actor, said: Accepted): Promise<void> {
      const { target, status, output } = said
      await append(q, actor, { ...said, result: 'accepted' })
      if (!actor.claim) return
      const sealedAnswer = output === undefined ? null : actor.claim.seal(status, output)
      const nowMs = clock.now().getTime()
      await q.idempotency.put(claimRow(actor.claim, { target, sealedAnswer, nowMs }))
    },

    async refused(actor: Actor, said: Refused): Promise<void> {
      const kind = actor.name === 'anonymous' ? 'anonymous' : 'known'
      const owner = said.tenant
      const room = kind === 'anonymous' ? anonymous : roomOf(owner?.id ?? PLATFORM_CHAIN)
      const left = room(clock.now().getTime())
      if (left === 'none') return
      await store.writeFor(owner?.id ?? null, async (q) => {
        if (left.uncounted > 0) {
          const counted = {
            action: 'audit.omitted',
            tenant: kind === 'anonymous' ? null : owner,
            target: `${left.uncounted} refusals`,
          }
          const omitted = { ...counted, result: 'omitted', status: 429 }
          await append(q, { ...actor, name: kind, keyId: null }, omitted)
        }
        await append(q, actor, said)
      })
    },

    list: (query: AuditQuery) => pageOf(undefined, query),

    async listOfTenant(slug: string, query: AuditQuery) {
      const tenant = await tenantBySlug(store.read, slug)
      return pageOf(tenant.id, query)
    },
  }
}
export type AuditService = ReturnType<typeof auditService>
