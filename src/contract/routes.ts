import { z } from 'zod'
import { isHostPattern } from '../core/host-names.ts'
import { endpoint } from './endpoint.ts'
import { Id, InTenant, Name, NameOrId, Timestamp } from './names.ts'
import {
  FieldName,
  FieldValue,
  Method,
  Path,
  RoutePolicy,
  RoutePolicyAsked,
} from './route-policy.ts'

const HostPattern = z
  .string()
  .max(255)
  .refine(isHostPattern, 'a host name in lower case, or `*.` and one')
const Hosts = z
  .array(HostPattern)
  .min(1)
  .max(16)
  .describe('`<any>.<tenant>.<domain>`, `*.<tenant>.<domain>`, or within a proved domain')

const Match = z
  .strictObject({
    pathPrefix: Path.default('/').describe(
      'Whole segments: `/api` takes `/api/x`, and not `/apix`',
    ),
    methods: z.array(Method).max(16).default([]).describe('None: every method'),
    headers: z
      .array(z.strictObject({ name: FieldName, value: FieldValue.nullable().default(null) }))
      .max(8)
      .default([])
      .describe('All of them; a value of null: the field is there'),
  })
  .meta({ id: 'RouteMatch' })

const Targets = z
  .array(z.strictObject({ app: Name, weight: z.int().min(0).max(1000).default(100) }))
  .max(16)
  .describe('Apps of the tenant, by weight')

const ANY = { pathPrefix: '/', methods: [], headers: [] }

export const RouteCreate = z
  .strictObject({
    name: Name,
    hosts: Hosts,
    match: Match.default(ANY),
    targets: Targets.default([]),
    policy: RoutePolicyAsked.default({}),
  })
  .meta({ id: 'RouteCreate' })
export type RouteCreate = z.infer<typeof RouteCreate>

export const RouteChange = z
  .strictObject({
    hosts: Hosts.optional(),
    match: Match.optional(),
    targets: Targets.optional(),
    policy: RoutePolicyAsked.optional().describe('Takes the place of the whole policy'),
  })
  .meta({ id: 'RouteChange' })
export type RouteChange = z.infer<typeof RouteChange>

export const Route = z
  .object({
    id: Id,
    name: Name,
    hosts: Hosts,
    match: z.object({
      pathPrefix: z.string(),
      methods: z.array(z.string()),
      headers: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
    }),
    targets: z.array(z.object({ app: Name, weight: z.int() })),
    policy: RoutePolicy,
    generation: z.int(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Route' })
/** As a service answers it. */
export type Route = z.input<typeof Route>

const ROUTES = '/v1/tenants/{tenant}/routes'
const ROUTE = `${ROUTES}/{route}` as const
const InRoute = InTenant.extend({ route: NameOrId })
const READING = { permission: 'networks:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'networks:write', kind: 'answer' } as const

export const createRoute = endpoint({
  ...WRITING,
  id: 'routes.create',
  method: 'post',
  path: ROUTES,
  summary: 'Create a route: which requests of which hosts go to which apps',
  params: InTenant,
  body: RouteCreate,
  status: 201,
  response: Route,
  failures: ['name-taken', 'not-found', 'route-conflict', 'state-conflict', 'too-many-routes'],
})

export const listRoutes = endpoint({
  ...READING,
  id: 'routes.list',
  method: 'get',
  path: ROUTES,
  summary: 'List routes by name',
  params: InTenant,
  response: z.object({ items: z.array(Route) }),
  failures: ['not-found'],
})

export const getRoute = endpoint({
  ...READING,
  id: 'routes.get',
  method: 'get',
  path: ROUTE,
  summary: 'Show a route',
  params: InRoute,
  response: Route,
  failures: ['not-found'],
})

export const updateRoute = endpoint({
  ...WRITING,
  id: 'routes.update',
  method: 'patch',
  path: ROUTE,
  conditional: true,
  summary: 'Change a route; each part that is given takes the place of what there was',
  params: InRoute,
  body: RouteChange,
  status: 200,
  response: Route,
  failures: ['not-found', 'route-conflict', 'state-conflict'],
})

export const deleteRoute = endpoint({
  ...WRITING,
  id: 'routes.delete',
  method: 'delete',
  path: ROUTE,
  summary: 'Delete a route; one that does not exist is gone already',
  params: InRoute,
  status: 204,
  response: z.null(),
  failures: ['not-found'],
})
