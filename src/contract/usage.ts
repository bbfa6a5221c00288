import { z } from 'zod'
import { RESERVED, type Reserved } from '../core/quota.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { Limits, LimitsChange, OverLimit } from './limits.ts'
import { InTenant, Slug } from './names.ts'

export const Share = z
  .object({
    limit: z.int().nullable().describe('null: without limit'),
    reserved: z.int().describe('Sum of what is configured, also of what is being removed'),
    used: z.int().nullable().describe('What is really used now; null where that is not known'),
    percent: z.number().nullable().describe('What is reserved of the limit'),
    overLimit: z.boolean(),
  })
  .meta({ id: 'Share' })
export type Share = z.infer<typeof Share>

// Made of every name there is.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const shares = Object.fromEntries(RESERVED.map((resource) => [resource, Share])) as Record<
  Reserved,
  typeof Share
>
const enforced = z.boolean().describe('False: counted, but the host holds nobody to it')

export const Usage = z.object({ ...shares, enforced }).meta({ id: 'Usage' })
export type Usage = z.infer<typeof Usage>

export const getUsage = endpoint({
  id: 'usage.get',
  method: 'get',
  path: '/v1/tenants/{tenant}/usage',
  summary: 'Show limits, what is reserved of them, and what is really used',
  permission: 'usage:read',
  params: InTenant,
  kind: 'answer',
  status: 200,
  response: Usage,
  failures: ['not-found'],
})

export const Disk = z.object({
  path: z.string(),
  sizeBytes: z.int(),
  freeBytes: z.int(),
  usedPercent: z.number(),
  full: z.boolean().describe('Over the high-water mark: nothing new is admitted'),
})

const Capacity = z.object({
  cpus: z.int(),
  memoryBytes: z.int(),
  cpuMilliMost: z.int().nullable().describe('What may be reserved, over-commit included'),
  memoryBytesMost: z.int().nullable().describe('What may be reserved, over-commit included'),
  disks: z.array(Disk),
})

export const PlatformUsage = page(Usage.extend({ tenant: Slug }))
  .extend({
    platform: Usage.describe('All tenants together, against the limits of the platform'),
    host: Capacity.nullable().describe('null: it could not be looked at'),
  })
  .meta({ id: 'PlatformUsage' })
export type PlatformUsage = z.infer<typeof PlatformUsage>

export const listUsage = endpoint({
  id: 'usage.list',
  method: 'get',
  path: '/v1/usage',
  summary: 'Show what each tenant, all together and the host have of everything',
  permission: 'usage:read',
  platform: true,
  query: PageQuery,
  kind: 'answer',
  status: 200,
  response: PlatformUsage,
  failures: [],
})

export const PlatformLimits = z
  .object({ limits: Limits, overLimit: OverLimit })
  .meta({ id: 'PlatformLimits' })
export type PlatformLimits = z.infer<typeof PlatformLimits>

export const getPlatformLimits = endpoint({
  id: 'platform-limits.get',
  method: 'get',
  path: '/v1/platform/limits',
  summary: 'Show what all tenants together may hold',
  permission: 'platform:read',
  platform: true,
  kind: 'answer',
  status: 200,
  response: PlatformLimits,
  failures: [],
})

export const updatePlatformLimits = endpoint({
  id: 'platform-limits.update',
  method: 'patch',
  path: '/v1/platform/limits',
  summary: 'Change what all tenants together may hold',
  permission: 'platform:write',
  platform: true,
  body: LimitsChange,
  kind: 'answer',
  status: 200,
  response: PlatformLimits,
  failures: [],
})
