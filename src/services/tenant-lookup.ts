import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import { notFound } from '../core/failure.ts'
import type { Limits } from '../core/quota.ts'

export async function tenantBySlug(q: Queries, slug: string): Promise<TenantRow> {
  const tenant = await q.tenants.bySlug(slug)
  if (tenant) return tenant
  throw notFound('tenant', slug)
}

export const limitsOf = (tenant: TenantRow): Limits => ({
  containers: tenant.limitContainers,
  cpuMilli: tenant.limitCpuMilli,
  memoryBytes: tenant.limitMemoryBytes,
})
