import { z } from 'zod'
import { EVENT_LEVELS } from '../core/event.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { InTenant, Timestamp } from './names.ts'

/** Not `Event`, which is a type of the platform's languages. */
export const CloudEvent = z
  .object({
    seq: z.int().describe('Grows with every event of the platform, and is never used again'),
    time: Timestamp,
    tenant: z.string().nullable().describe('Slug; null: of the platform'),
    level: z.enum(EVENT_LEVELS),
    action: z.string().describe('What happened, e.g. `container.exited`'),
    target: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'CloudEvent' })
export type CloudEvent = z.infer<typeof CloudEvent>

export const listEvents = endpoint({
  id: 'events.list',
  method: 'get',
  path: '/v1/events',
  summary: 'List the events of the whole platform, the newest first',
  permission: 'events:read',
  platform: true,
  query: PageQuery,
  kind: 'answer',
  status: 200,
  response: page(CloudEvent),
  failures: [],
})

export const listTenantEvents = endpoint({
  id: 'events.tenant',
  method: 'get',
  path: '/v1/tenants/{tenant}/events',
  summary: "List a tenant's events, the newest first",
  permission: 'events:read',
  params: InTenant,
  query: PageQuery,
  kind: 'answer',
  status: 200,
  response: page(CloudEvent),
  failures: ['not-found'],
})
