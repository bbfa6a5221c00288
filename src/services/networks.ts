import type { Store } from '../../db/open.ts'
import type { Network } from '../contract/platform.ts'
import { parseCidr } from '../core/cidr.ts'
import { layoutOf } from '../core/ipam.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export function networkService({ store }: { readonly store: Store }) {
  return {
    async list(slug: string): Promise<{ items: Network[] }> {
      const tenant = await tenantBySlug(store.read, slug)
      const rows = await store.read.networks.ofTenant(tenant.id)
      return {
        items: rows.flatMap(({ id, name, subnet, state, createdAt }) => {
          const range = parseCidr(subnet)
          if (!range || state === 'gone') return []
          const { gateway } = layoutOf(range)
          return [
            { id, name, subnet, gateway, state, createdAt: new Date(createdAt).toISOString() },
          ]
        }),
      }
    },
  }
}
export type NetworkService = ReturnType<typeof networkService>
