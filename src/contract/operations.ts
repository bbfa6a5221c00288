import { z } from 'zod'
import { endpoint, page, PageQuery, WaitQuery } from './endpoint.ts'
import { Id, InTenant, Timestamp } from './names.ts'

export const OPERATION_STATES = ['pending', 'running', 'succeeded', 'failed', 'cancelled'] as const

export const Operation = z
  .object({
    id: Id,
    kind: z.string().describe('What is being done, e.g. `containers.create`'),
    target: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    state: z.enum(OPERATION_STATES),
    step: z.string().nullable().describe('What it is at now, e.g. `pull`'),
    progress: z.int().min(0).max(100),
    error: z
      .object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) })
      .nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Operation' })
export type Operation = z.infer<typeof Operation>

/** What a change answers: the resource as it is now, and the operation that makes it come true. */
export const change = <const T extends z.ZodType>(resource: T) =>
  z.object({ resource, operation: Operation })

export const PlatformOperation = Operation.extend({
  tenant: z.string().nullable().describe('Slug, as it is or was; null: of the platform'),
}).meta({ id: 'PlatformOperation' })
export type PlatformOperation = z.infer<typeof PlatformOperation>

const InOperation = InTenant.extend({ operation: Id })

export const listOperations = endpoint({
  id: 'operations.list',
  method: 'get',
  path: '/v1/tenants/{tenant}/operations',
  summary: 'List operations, the newest first',
  permission: 'operations:read',
  filtered: true,
  params: InTenant,
  query: PageQuery.extend({ state: z.enum(OPERATION_STATES).optional() }),
  kind: 'answer',
  status: 200,
  response: page(Operation),
  failures: ['not-found'],
})

export const getOperation = endpoint({
  id: 'operations.get',
  method: 'get',
  path: '/v1/tenants/{tenant}/operations/{operation}',
  summary: 'Show an operation, or wait for its end',
  permission: 'operations:read',
  filtered: true,
  params: InOperation,
  query: WaitQuery,
  kind: 'answer',
  status: 200,
  response: Operation,
  failures: ['not-found'],
})

export const findOperation = endpoint({
  id: 'operations.find',
  method: 'get',
  path: '/v1/operations/{operation}',
  summary: 'Show an operation of any tenant, or of the platform, or wait for its end',
  permission: 'operations:read',
  platform: true,
  params: z.strictObject({ operation: Id }),
  query: WaitQuery,
  kind: 'answer',
  status: 200,
  response: Operation,
  failures: ['not-found'],
})

export const cancelOperation = endpoint({
  id: 'operations.cancel',
  method: 'post',
  path: '/v1/tenants/{tenant}/operations/{operation}/cancel',
  summary: 'Cancel an operation; what it has made is taken back',
  permission: 'operations:write',
  filtered: true,
  params: InOperation,
  kind: 'answer',
  status: 200,
  response: Operation,
  failures: ['not-found', 'state-conflict'],
})

export const listAllOperations = endpoint({
  id: 'operations.all',
  method: 'get',
  path: '/v1/operations',
  summary: 'List operations of all tenants and of the platform, the newest first',
  permission: 'operations:read',
  platform: true,
  query: PageQuery.extend({
    slug: z.string().max(63).optional().describe('Of the tenant, also of one that is gone'),
    state: z.enum(OPERATION_STATES).optional(),
    kind: z.string().max(100).optional().describe('E.g. `tenants.delete`'),
  }),
  kind: 'answer',
  status: 200,
  response: page(PlatformOperation),
  failures: [],
})
