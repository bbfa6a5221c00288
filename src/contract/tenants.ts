import { z } from 'zod'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { Exceptions, POLICIES, RUNTIMES } from './containers.ts'
import { Limits, LimitsChange, OverLimit } from './limits.ts'
import { Id, InTenant, Slug, Timestamp } from './names.ts'

const GRANTED = 'What its containers may ask for beyond the policy'
const RUNTIME = 'Of containers that name none; `sandboxed` leaves them no other'

export const TenantCreate = z
  .strictObject({
    slug: Slug,
    limits: LimitsChange.optional(),
    policy: z.enum(POLICIES).default('baseline'),
    exceptions: Exceptions.optional().describe(GRANTED),
    runtime: z.enum(RUNTIMES).optional().describe(RUNTIME),
  })
  .meta({ id: 'TenantCreate' })
export type TenantCreate = z.infer<typeof TenantCreate>

export const TenantChange = z
  .strictObject({
    limits: LimitsChange.optional(),
    policy: z.enum(POLICIES).optional(),
    exceptions: Exceptions.optional().describe(GRANTED),
    runtime: z.enum(RUNTIMES).optional().describe(RUNTIME),
  })
  .meta({ id: 'TenantChange' })
export type TenantChange = z.infer<typeof TenantChange>

export const TENANT_STATES = ['active', 'suspended', 'deleting'] as const

export const Tenant = z
  .object({
    id: Id,
    slug: Slug,
    policy: z.enum(POLICIES),
    exceptions: Exceptions,
    runtime: z.enum(RUNTIMES),
    limits: Limits,
    overLimit: OverLimit,
    state: z.enum(TENANT_STATES),
    suspension: z
      .object({ since: Timestamp, reason: z.string().nullable() })
      .nullable()
      .describe('While it is suspended nothing of it runs'),
    createdAt: Timestamp,
  })
  .meta({ id: 'Tenant' })
export type Tenant = z.infer<typeof Tenant>

export const createTenant = endpoint({
  id: 'tenants.create',
  method: 'post',
  path: '/v1/tenants',
  summary: 'Create a tenant',
  permission: 'tenants:write',
  platform: true,
  body: TenantCreate,
  kind: 'answer',
  status: 201,
  response: Tenant,
  failures: ['engine-unavailable', 'name-taken', 'state-conflict'],
})

export const listTenants = endpoint({
  id: 'tenants.list',
  method: 'get',
  path: '/v1/tenants',
  summary: 'List all tenants',
  permission: 'tenants:read',
  platform: true,
  query: PageQuery,
  kind: 'answer',
  status: 200,
  response: page(Tenant),
  failures: [],
})

export const getTenant = endpoint({
  id: 'tenants.get',
  method: 'get',
  path: '/v1/tenants/{tenant}',
  summary: 'Show a tenant',
  permission: 'tenants:read',
  params: InTenant,
  kind: 'answer',
  status: 200,
  response: Tenant,
  failures: ['not-found'],
})

export const updateTenant = endpoint({
  id: 'tenants.update',
  method: 'patch',
  path: '/v1/tenants/{tenant}',
  conditional: true,
  summary: 'Change what a tenant may have: limits, policy, exceptions, runtime',
  permission: 'tenants:write',
  platform: true,
  params: InTenant,
  body: TenantChange,
  kind: 'answer',
  status: 200,
  response: Tenant,
  failures: ['engine-unavailable', 'not-found', 'state-conflict'],
})
