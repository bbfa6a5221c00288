import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Exception } from '../core/exceptions.ts'
import { failure, notFound } from '../core/failure.ts'

export async function tenantBySlug(q: Queries, slug: string): Promise<TenantRow> {
  const tenant = await q.tenants.bySlug(slug)
  if (tenant) return tenant
  throw notFound('tenant', slug)
}

/** One that may be given something more: none that is being deleted. `cannot` says what was asked for. */
export async function tenantToFill(
  q: Queries,
  slug: string,
  cannot = 'Cannot change anything',
): Promise<TenantRow> {
  const tenant = await tenantBySlug(q, slug)
  refuseDeleting(tenant, cannot)
  return tenant
}

export function refuseDeleting({ slug, deletingAt }: TenantRow, cannot: string): void {
  if (deletingAt === null) return
  throw failure('state-conflict', `${cannot}: tenant "${slug}" is being deleted`, {
    kind: 'tenant',
    name: slug,
    state: 'deleting',
  })
}

/** Of what would run: nothing of a suspended tenant does. `cannot` says what was asked for. */
export function refuseIdle(tenant: TenantRow, cannot: string): void {
  refuseDeleting(tenant, cannot)
  const { slug, suspendedAt, suspendReason: reason } = tenant
  if (suspendedAt === null) return
  const why = reason === null ? '' : ` (${reason})`
  const message = `${cannot}: tenant "${slug}" is suspended${why}; ask the operator of the platform`
  const told = reason === null ? {} : { reason }
  throw failure('tenant-suspended', message, { tenant: slug, ...told })
}

/** One of which something new may run. */
export async function tenantToRun(q: Queries, slug: string, cannot: string): Promise<TenantRow> {
  const tenant = await tenantBySlug(q, slug)
  refuseIdle(tenant, cannot)
  return tenant
}

/** Written by the tenant service alone, from a parsed list. */
export function exceptionsOf({ exceptionsJson }: Pick<TenantRow, 'exceptionsJson'>): Exception[] {
  const exceptions: Exception[] = JSON.parse(exceptionsJson)
  return exceptions
}
