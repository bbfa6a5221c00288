import { z } from 'zod'
import { endpoint, Flag, WaitQuery } from './endpoint.ts'
import { InTenant } from './names.ts'
import { change, Operation } from './operations.ts'
import { Tenant } from './tenants.ts'

export const TenantSuspend = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .optional()
      .describe('Shown to whoever of the tenant is refused something for it'),
  })
  .meta({ id: 'TenantSuspend' })
export type TenantSuspend = z.infer<typeof TenantSuspend>

export const suspendTenant = endpoint({
  id: 'tenants.suspend',
  method: 'post',
  path: '/v1/tenants/{tenant}/suspend',
  conditional: true,
  subject: Tenant,
  summary: 'Suspend a tenant: nothing of it runs, and nothing of it is lost',
  permission: 'tenants:write',
  platform: true,
  params: InTenant,
  query: WaitQuery,
  body: TenantSuspend,
  kind: 'change',
  status: 202,
  response: change(Tenant),
  failures: ['not-found', 'state-conflict'],
})

export const resumeTenant = endpoint({
  id: 'tenants.resume',
  method: 'post',
  path: '/v1/tenants/{tenant}/resume',
  conditional: true,
  subject: Tenant,
  summary: 'End the suspension of a tenant: what was to run runs again',
  permission: 'tenants:write',
  platform: true,
  params: InTenant,
  query: WaitQuery,
  kind: 'change',
  status: 202,
  response: change(Tenant),
  failures: ['container-exited', 'not-found', 'state-conflict'],
})

/** What a tenant can have that goes with it. */
export const MEMBER_KINDS = [
  'containers',
  'networks',
  'images',
  'registries',
  'secrets',
  'certificates',
  'routes',
  'domains',
  'keys',
  'users',
] as const

/** Of each kind so many are named; the number is of all. */
export const MOST_MEMBERS_NAMED = 100

export const TenantRemoval = z
  .object({
    tenant: Tenant,
    removes: z
      .array(
        z.object({
          kind: z.enum(MEMBER_KINDS),
          count: z.int(),
          names: z.array(z.string()).describe('The first 100'),
        }),
      )
      .describe('All that goes with it, by kind'),
  })
  .meta({ id: 'TenantRemoval' })
export type TenantRemoval = z.infer<typeof TenantRemoval>

export const deleteTenant = endpoint({
  id: 'tenants.delete',
  method: 'delete',
  path: '/v1/tenants/{tenant}',
  conditional: true,
  subject: Tenant,
  summary:
    'Delete a tenant, with `cascade` also one that has containers; its slug rests for 30 days',
  permission: 'tenants:write',
  platform: true,
  params: InTenant,
  query: WaitQuery.extend({
    cascade: Flag.default(false).describe('Its containers go with it, whatever they do'),
    dryRun: Flag.default(false).describe('Says what would go, and does nothing'),
  }),
  kind: 'change',
  status: 202,
  response: z.object({
    resource: TenantRemoval,
    operation: Operation.nullable().describe('Null where nothing was done, for `dryRun`'),
  }),
  failures: ['not-found', 'state-conflict'],
})
