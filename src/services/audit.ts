import type { Queries, Store } from '../../db/open.ts'
import type { AuditRow } from '../../db/queries/audit.ts'
import type { AuditEntry } from '../contract/audit.ts'
import type { Actor } from '../core/actor.ts'
import type { Clock } from '../ports/clock.ts'
import { claimRow } from './once.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface AuditDeps {
  readonly store: Store
  readonly clock: Clock
}

interface Accepted {
  /** Id of the endpoint. */
  readonly action: string
  readonly tenant: { readonly id: string; readonly slug: string } | null
  readonly target: string
  readonly status: number
  /** What the request answers, where the transaction knows it: a repeat is answered the same. */
  readonly output?: unknown
}

interface Refused {
  readonly action: string
  /** That of the key. What a stranger asks of a tenant is the platform's business, not that tenant's. */
  readonly tenant: { readonly id: string; readonly slug: string } | null
  readonly target: string
  /** Code of the failure. */
  readonly result: string
  readonly status: number
}

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * Each entry is a write to disk, which a stranger must not be able to order at will: beyond this
 * many in one second refusals are only counted, and the next one to be written says how many.
 */
const MOST_PER_SECOND = { anonymous: 5, known: 50 } as const
const LONGEST_TARGET = 300

export function auditService({ store, clock }: AuditDeps) {
  const allowance = { anonymous: secondly(), known: secondly() }

  function entry(
    actor: Actor,
    said: Accepted & { readonly result: string },
  ): Omit<AuditRow, 'seq'> {
    return {
      time: clock.now().getTime(),
      actor: actor.name,
      keyId: actor.keyId,
      tenantId: said.tenant?.id ?? null,
      tenant: said.tenant?.slug ?? null,
      action: said.action,
      target: said.target.slice(0, LONGEST_TARGET),
      result: said.result,
      status: said.status,
      requestId: actor.requestId,
      sourceAddress: actor.sourceAddress,
    }
  }

  async function list(tenantId: string | undefined, { limit, cursor }: Page) {
    const before = /^\d{1,15}$/.test(cursor ?? '') ? Number(cursor) : undefined
    const rows = await store.read.audit.list({ tenantId, before, limit })
    const last = rows.length === limit ? rows.at(-1) : undefined
    return { items: rows.map(entryOf), nextCursor: last ? String(last.seq) : null }
  }

  return {
    /**
     * Belongs into the transaction of what it tells of: either both are written, or neither. With it
     * goes the claim of a request that is to be carried out once.
     */
    async accepted(q: Queries, actor: Actor, said: Accepted): Promise<void> {
      const { target, status, output } = said
      await q.audit.insert(entry(actor, { ...said, result: 'accepted' }))
      if (!actor.claim) return
      const sealedAnswer = output === undefined ? null : actor.claim.seal(status, output)
      const nowMs = clock.now().getTime()
      await q.idempotency.put(claimRow(actor.claim, { target, sealedAnswer, nowMs }))
    },

    async refused(actor: Actor, said: Refused): Promise<void> {
      const kind = actor.name === 'anonymous' ? 'anonymous' : 'known'
      const left = allowance[kind](clock.now().getTime(), MOST_PER_SECOND[kind])
      if (left === 'none') return
      await store.write(async (q) => {
        if (left.uncounted > 0) {
          const counted = {
            action: 'audit.omitted',
            tenant: null,
            target: `${left.uncounted} refusals`,
          }
          const omitted = { ...counted, result: 'omitted', status: 429 }
          await q.audit.insert({ ...entry(actor, omitted), actor: kind, keyId: null })
        }
        await q.audit.insert(entry(actor, said))
      })
    },

    list: (page: Page) => list(undefined, page),

    async listOfTenant(slug: string, page: Page) {
      const tenant = await tenantBySlug(store.read, slug)
      return list(tenant.id, page)
    },
  }
}
export type AuditService = ReturnType<typeof auditService>

/** Counts what happens in each second; answers what was left out before, once there is room again. */
function secondly() {
  let second = 0
  let taken = 0
  let uncounted = 0
  return (now: number, most: number): 'none' | { readonly uncounted: number } => {
    const current = Math.floor(now / 1000)
    if (current !== second) [second, taken] = [current, 0]
    if (taken >= most) {
      uncounted++
      return 'none'
    }
    taken++
    const before = uncounted
    uncounted = 0
    return { uncounted: before }
  }
}

const entryOf = ({ seq, time, actor, keyId, tenant, ...rest }: AuditRow): AuditEntry => ({
  seq,
  time: new Date(time).toISOString(),
  actor,
  keyId,
  tenant,
  action: rest.action,
  target: rest.target,
  result: rest.result,
  status: rest.status,
  requestId: rest.requestId,
  sourceAddress: rest.sourceAddress,
})
