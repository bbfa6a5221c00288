import type { Queries } from '../../db/open.ts'
import { hostLacks, type Lack, type Machine } from '../core/capacity.ts'
import { capacityExceeded, quotaExceeded, type Subject } from '../core/failure.ts'
import {
  added,
  overLimit,
  shortages,
  type Amounts,
  type Limits,
  type Reserved,
} from '../core/quota.ts'
import type { EventService } from './events.ts'

export interface LedgerDeps {
  readonly events: Pick<EventService, 'record'>
  /** The machine as it was seen last; undefined while it cannot be looked at, which stops nobody. */
  readonly machine: () => Machine | undefined
}

/** What one tenant, or all together, may hold and have reserved. */
export interface Account {
  readonly limits: Limits
  readonly reserved: Readonly<Record<Reserved, number>>
  readonly overLimit: readonly Reserved[]
}

export interface Request {
  readonly tenantId: string
  /** For the refusal. */
  readonly subject: Subject
  readonly amounts: Amounts
}

interface Image {
  readonly tenantId: string
  /** As it was asked for. */
  readonly reference: string
  readonly imageId: string
  /** 0 of one that is shared with all. */
  readonly imageBytes: number
}

export type Ledger = ReturnType<typeof ledgerService>

/**
 * Who counts each kind, from the rows themselves: there is no second truth that could drift. A kind of
 * which there are no rows yet has no counter, and nothing reserved.
 */
const COUNTERS: readonly ((q: Queries) => Counter)[] = [
  (q) => q.containers,
  (q) => q.networks,
  (q) => q.images,
]

interface Counter {
  reservedBy(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Amounts>>
  reservedByAll(): Promise<Amounts>
}

export async function accountsOfTenants(
  q: Queries,
  tenantIds: readonly string[],
): Promise<ReadonlyMap<string, Account>> {
  const limits = await q.limits.ofTenants(tenantIds)
  const counts = await Promise.all(COUNTERS.map((counter) => counter(q).reservedBy(tenantIds)))
  return new Map(
    tenantIds.map((id) => {
      const reserved = added(counts.map((count) => count.get(id) ?? {}))
      return [id, accountOf(limits.get(id) ?? {}, reserved)]
    }),
  )
}

export async function accountOfTenant(q: Queries, tenantId: string): Promise<Account> {
  return (await accountsOfTenants(q, [tenantId])).get(tenantId) ?? accountOf({}, added([]))
}

export async function accountOfPlatform(q: Queries): Promise<Account> {
  const limits = await q.limits.ofPlatform()
  const counts = await Promise.all(COUNTERS.map((counter) => counter(q).reservedByAll()))
  return accountOf(limits, added(counts))
}

export function ledgerService({ machine, events }: LedgerDeps) {
  /**
   * Does what can change who is over a limit: lowers one, or gives something back. Inside its
   * transaction it is told when the tenant comes to be over any, and when it no longer is.
   */
  async function watched<T>(q: Queries, tenantId: string, work: () => Promise<T>): Promise<T> {
    const before = await accountOfTenant(q, tenantId)
    const done = await work()
    const after = await accountOfTenant(q, tenantId)
    const event = limitEvent(before.overLimit, after.overLimit)
    const tenant = event && (await q.tenants.byId(tenantId))
    if (tenant) {
      const target = { kind: 'tenant', id: tenantId, name: tenant.slug }
      await events.record(q, { ...event, tenantId, target })
    }
    return done
  }

  /**
   * Refuses what there is no room for: in the tenant's quota, in the platform's, on the host. Belongs
   * into the transaction that inserts the rows, so that of two requests for the last of anything one is
   * refused.
   */
  async function admit(q: Queries, { tenantId, subject, amounts }: Request): Promise<void> {
    const { limits, reserved } = await accountOfTenant(q, tenantId)
    const short = shortages(limits, reserved, amounts)
    if (short.length > 0) throw quotaExceeded(subject, short)

    const platform = await accountOfPlatform(q)
    const beyond = shortages(platform.limits, platform.reserved, amounts)
    const host = machine()
    const lacks = [
      ...beyond.map(({ resource, requested }): Lack => ({ ...OF_ALL, resource, requested })),
      ...(host ? hostLacks(host, platform.reserved, amounts) : []),
    ]
    if (lacks.length > 0) throw capacityExceeded(subject, lacks)
  }

  /** An image counts once for a tenant, however many of its containers run it. */
  async function admitImage(q: Queries, image: Image): Promise<void> {
    const { tenantId, reference, imageId, imageBytes } = image
    if (imageBytes === 0 || (await q.images.isHeld(tenantId, imageId))) return
    const subject = { verb: 'get', kind: 'image', name: reference }
    await admit(q, { tenantId, subject, amounts: { imageBytes } })
  }

  return { watched, admit, admitImage }
}

/** What there is to tell when other kinds are over their limits than before. */
function limitEvent(before: readonly Reserved[], after: readonly Reserved[]) {
  const details = { overLimit: after }
  if (after.some((one) => !before.includes(one))) {
    const message = `More is reserved than the limits allow of ${after.join(', ')}: nothing new of it is admitted`
    return { action: 'tenant.over-limit', level: 'warning', message, details } as const
  }
  if (before.length === 0 || after.length > 0) return undefined
  const message = 'Everything reserved is within the limits again'
  return { action: 'tenant.within-limit', level: 'info', message, details } as const
}

const OF_ALL = { scope: 'platform' } as const

const accountOf = (limits: Limits, reserved: Account['reserved']): Account => ({
  limits,
  reserved,
  overLimit: overLimit(limits, reserved),
})
