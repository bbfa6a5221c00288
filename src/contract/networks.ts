import { z } from 'zod'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { LabelFilter, Labels, NameFilter } from './labels.ts'
import { Id, InTenant, Name, NameOrId, Timestamp } from './names.ts'

const EgressRule = z
  .strictObject({
    cidr: z.string().max(18).optional().describe('Range outside, e.g. `203.0.113.0/24`'),
    name: z
      .string()
      .max(253)
      .optional()
      .describe('Or a name, whose addresses are looked up again and again'),
    protocol: z.enum(['tcp', 'udp']),
    ports: z.string().max(11).describe('`443`, or from and to: `8000-8010`'),
  })
  .meta({ id: 'EgressRule' })

const Egress = z
  .union([
    z.enum(['open', 'none']),
    z
      .array(EgressRule)
      .min(1)
      .max(64)
      .refine(
        (all) => all.filter(({ name }) => name !== undefined).length <= 32,
        'at most 32 names',
      ),
  ])
  .describe('Where its containers may go outside: anywhere, nowhere, or only there')
const Ingress = z.boolean().describe('Whether its containers reach the ingress of the platform')
const Within = z
  .enum(['open', 'none'])
  .describe('Whether its containers reach each other; `none`: only as firewalls let them')
const Smtp = z
  .boolean()
  .describe('Whether mail may be sent straight to other servers; only an operator can open it')

export const NetworkCreate = z
  .strictObject({
    name: Name,
    cidr: z
      .string()
      .max(18)
      .optional()
      .describe('Private range from /16 to /29; default: a free /24 that the platform picks'),
    zone: Name.optional().describe('Default: the only one there is'),
    labels: Labels.optional(),
    ingress: Ingress.default(false),
    egress: Egress.default('open'),
    smtp: Smtp.default(false),
    within: Within.default('open'),
  })
  .meta({ id: 'NetworkCreate' })
export type NetworkCreate = z.infer<typeof NetworkCreate>

export const NetworkChange = z
  .strictObject({
    labels: Labels.optional(),
    ingress: Ingress.optional(),
    egress: Egress.optional(),
    smtp: Smtp.optional(),
    within: Within.optional(),
  })
  .meta({ id: 'NetworkChange' })
export type NetworkChange = z.infer<typeof NetworkChange>

export const Network = z
  .object({
    id: Id,
    name: Name,
    zone: Name,
    cidr: z.string(),
    gateway: z.ipv4(),
    state: z.enum(['pending', 'ready']).describe('`pending`: it is made with its first container'),
    labels: Labels,
    ingress: Ingress,
    egress: Egress,
    smtp: Smtp,
    within: Within,
    generation: z.int(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Network' })
export type Network = z.infer<typeof Network>

export const NetworkDetails = Network.extend({
  egressNames: z
    .array(z.object({ name: z.string(), addresses: z.array(z.ipv4()) }))
    .describe('Where the names in its egress lead now; nowhere until they can be resolved'),
  members: z.array(
    z.object({
      id: Id,
      name: Name,
      address: z.ipv4(),
      mac: z.string(),
      aliases: z.array(Name),
    }),
  ),
  addresses: z
    .object({
      first: z.ipv4(),
      last: z.ipv4(),
      total: z.int(),
      free: z.int(),
    })
    .describe('What containers can have; an address that was given back rests a minute'),
}).meta({ id: 'NetworkDetails' })
export type NetworkDetails = z.infer<typeof NetworkDetails>

const NETWORKS = '/v1/tenants/{tenant}/networks'
const NETWORK = `${NETWORKS}/{network}` as const
const InNetwork = InTenant.extend({ network: NameOrId })
const READING = { permission: 'networks:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'networks:write', kind: 'answer' } as const

export const createNetwork = endpoint({
  ...WRITING,
  id: 'networks.create',
  method: 'post',
  path: NETWORKS,
  summary: 'Create a private network',
  params: InTenant,
  body: NetworkCreate,
  status: 201,
  response: Network,
  failures: [
    'address-exhausted',
    'capacity-exceeded',
    'engine-unavailable',
    'name-taken',
    'node-cordoned',
    'not-found',
    'quota-exceeded',
    'range-taken',
    'state-conflict',
  ],
})

export const listNetworks = endpoint({
  ...READING,
  id: 'networks.list',
  method: 'get',
  path: NETWORKS,
  summary: 'List private networks by name',
  params: InTenant,
  query: PageQuery.extend({ label: LabelFilter.optional(), name: NameFilter.optional() }),
  response: page(Network),
  failures: ['not-found'],
})

export const getNetwork = endpoint({
  ...READING,
  id: 'networks.get',
  method: 'get',
  path: NETWORK,
  summary: 'Show a network, who is in it, and how much room it has',
  params: InNetwork,
  response: NetworkDetails,
  failures: ['not-found'],
})

export const updateNetwork = endpoint({
  ...WRITING,
  id: 'networks.update',
  method: 'patch',
  path: NETWORK,
  conditional: true,
  summary: 'Change labels of a network, and where its containers may go',
  params: InNetwork,
  body: NetworkChange,
  status: 200,
  response: NetworkDetails,
  failures: ['not-found', 'state-conflict'],
})

export const deleteNetwork = endpoint({
  ...WRITING,
  id: 'networks.delete',
  method: 'delete',
  path: NETWORK,
  summary: 'Delete a network that nobody is in; one that does not exist is gone already',
  params: InNetwork,
  status: 204,
  response: z.null(),
  failures: ['network-in-use', 'not-found', 'state-conflict'],
})
