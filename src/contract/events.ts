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

const EventQuery = PageQuery.extend({
  since: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe('Only what came after the event of this `seq`; who follows hears that first'),
  level: z.enum(EVENT_LEVELS).optional().describe('The least level'),
  action: z.string().max(100).optional().describe('Beginning of the action, e.g. `container.`'),
  target: z.string().max(100).optional().describe('Name or id of what the event is about'),
})

export const listEvents = endpoint({
  id: 'events.list',
  method: 'get',
  path: '/v1/events',
  summary: 'List the events of the whole platform, the newest first, or follow them',
  permission: 'events:read',
  platform: true,
  query: EventQuery,
  kind: 'answer',
  status: 200,
  response: page(CloudEvent),
  item: CloudEvent,
  failures: [],
})

export const listTenantEvents = endpoint({
  id: 'events.tenant',
  method: 'get',
  path: '/v1/tenants/{tenant}/events',
  summary: "List a tenant's events, the newest first, or follow them",
  permission: 'events:read',
  params: InTenant,
  query: EventQuery,
  kind: 'answer',
  status: 200,
  response: page(CloudEvent),
  item: CloudEvent,
  failures: ['not-found'],
})

/** The same addresses, asked for a stream. */
export const followEvents = endpoint({ ...listEvents, kind: 'stream', response: CloudEvent })
export const followTenantEvents = endpoint({
  ...listTenantEvents,
  kind: 'stream',
  response: CloudEvent,
})
