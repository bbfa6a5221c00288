import type { Store } from '../../db/open.ts'
import type { Usage } from '../contract/tenants.ts'
import type { Resource } from '../core/quota.ts'
import { limitsOf, tenantBySlug } from './tenant-lookup.ts'

export interface UsageDeps {
  readonly store: Store
  /** False where the platform counts, but the host does not hold anyone to it. */
  readonly enforced: boolean
}

export function usageService({ store, enforced }: UsageDeps) {
  return {
    /** What is reserved: the sum of what is configured, also of containers that are being deleted. */
    async ofTenant(slug: string): Promise<Usage> {
      const tenant = await tenantBySlug(store.read, slug)
      const used = await store.read.containers.reserved(tenant.id)
      const limits = limitsOf(tenant)
      const share = (resource: Resource) => ({ limit: limits[resource], used: used[resource] })
      return {
        containers: share('containers'),
        cpuMilli: share('cpuMilli'),
        memoryBytes: share('memoryBytes'),
        enforced,
      }
    },
  }
}
export type UsageService = ReturnType<typeof usageService>
