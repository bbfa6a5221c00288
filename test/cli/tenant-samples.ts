import type { TenantRemoval } from '../../src/contract/tenant-life.ts'
import type { Tenant } from '../../src/contract/tenants.ts'
import { allLimits } from '../../src/core/quota.ts'

export const tenant: Tenant = {
  id: 't0000000000000aa',
  slug: 'demo',
  policy: 'baseline',
  exceptions: [],
  runtime: 'default',
  limits: allLimits({ containers: 10, cpuMilli: 4000 }),
  overLimit: [],
  state: 'active',
  suspension: null,
  createdAt: '2026-01-02T03:04:05.000Z',
}

export const removal: TenantRemoval = {
  tenant,
  removes: [
    { kind: 'containers', count: 1, names: ['hello'] },
    { kind: 'users', count: 0, names: [] },
  ],
}
