import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Exception } from '../core/exceptions.ts'
import { notFound } from '../core/failure.ts'

export async function tenantBySlug(q: Queries, slug: string): Promise<TenantRow> {
  const tenant = await q.tenants.bySlug(slug)
  if (tenant) return tenant
  throw notFound('tenant', slug)
}

/** Written by the tenant service alone, from a parsed list. */
export function exceptionsOf({ exceptionsJson }: Pick<TenantRow, 'exceptionsJson'>): Exception[] {
  const exceptions: Exception[] = JSON.parse(exceptionsJson)
  return exceptions
}
