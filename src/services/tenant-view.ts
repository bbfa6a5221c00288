import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Tenant } from '../contract/tenants.ts'
import type { Actor } from '../core/actor.ts'
import { refuseStale } from '../core/precondition.ts'
import { allLimits } from '../core/quota.ts'
import { accountOfTenant, type Account } from './ledger.ts'
import { exceptionsOf, tenantBySlug } from './tenant-lookup.ts'

type Held = Pick<Account, 'limits' | 'overLimit'>
export const NO_ACCOUNT: Held = { limits: {}, overLimit: [] }

/** A tenant as the API shows it. */
export const tenantOf = (row: TenantRow, { limits, overLimit }: Held): Tenant => ({
  id: row.id,
  slug: row.slug,
  policy: row.policy,
  exceptions: exceptionsOf(row),
  runtime: row.runtime,
  limits: allLimits(limits),
  overLimit: [...overLimit],
  state: stateOf(row),
  suspension:
    row.suspendedAt === null
      ? null
      : { since: new Date(row.suspendedAt).toISOString(), reason: row.suspendReason },
  createdAt: new Date(row.createdAt).toISOString(),
})

function stateOf({ deletingAt, suspendedAt }: TenantRow): Tenant['state'] {
  if (deletingAt !== null) return 'deleting'
  return suspendedAt === null ? 'active' : 'suspended'
}

/** It, unless it has changed since the actor has read it. */
export async function tenantToChange(q: Queries, slug: string, actor: Actor): Promise<TenantRow> {
  const row = await tenantBySlug(q, slug)
  const current = tenantOf(row, await accountOfTenant(q, row.id))
  refuseStale(actor, { kind: 'tenant', name: slug, current })
  return row
}
