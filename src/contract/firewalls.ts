import { z } from 'zod'
import { PROTOCOLS } from '../core/security-groups.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { LabelFilter, Labels, NameFilter } from './labels.ts'
import { Id, InTenant, Name, NameOrId, Timestamp } from './names.ts'

const Rule = z
  .strictObject({
    firewall: Name.optional().describe('The containers that carry this firewall'),
    cidr: z.string().max(18).optional().describe('A range, e.g. `203.0.113.0/24`'),
    protocol: z.enum(PROTOCOLS).optional().describe('Default: all three'),
    ports: z
      .string()
      .max(11)
      .optional()
      .describe('`443`, or from and to: `8000-8010`; default: all. Without meaning for `icmp`'),
  })
  .meta({
    id: 'FirewallRule',
    description: 'What may begin; with neither firewall nor cidr: from or to anywhere',
  })

const Rules = z.array(Rule).max(64).nullable()
const Ingress = Rules.describe(
  'What may begin a connection to its containers; null: it does not guard that',
)
const Egress = Rules.describe(
  'What its containers may begin a connection to; null: it does not guard that',
)

export const FirewallCreate = z
  .strictObject({
    name: Name,
    ingress: Ingress.default(null),
    egress: Egress.default(null),
    labels: Labels.optional(),
  })
  .meta({ id: 'FirewallCreate' })
export type FirewallCreate = z.infer<typeof FirewallCreate>

export const FirewallChange = z
  .strictObject({
    ingress: Ingress.optional(),
    egress: Egress.optional(),
    labels: Labels.optional(),
  })
  .meta({ id: 'FirewallChange' })
export type FirewallChange = z.infer<typeof FirewallChange>

export const Firewall = z
  .object({
    id: Id,
    name: Name,
    ingress: Ingress,
    egress: Egress,
    labels: Labels,
    generation: z.int(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Firewall' })
export type Firewall = z.infer<typeof Firewall>

export const FirewallDetails = Firewall.extend({
  containers: z.array(Name).describe('Those that carry it'),
}).meta({ id: 'FirewallDetails' })
export type FirewallDetails = z.infer<typeof FirewallDetails>

const FIREWALLS = '/v1/tenants/{tenant}/firewalls'
const FIREWALL = `${FIREWALLS}/{firewall}` as const
const InFirewall = InTenant.extend({ firewall: NameOrId })
const READING = { permission: 'networks:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'networks:write', kind: 'answer' } as const

export const createFirewall = endpoint({
  ...WRITING,
  id: 'firewalls.create',
  method: 'post',
  path: FIREWALLS,
  summary: 'Create a firewall: rules for the containers that carry it',
  params: InTenant,
  body: FirewallCreate,
  status: 201,
  response: Firewall,
  failures: ['name-taken', 'not-found', 'state-conflict', 'too-many-rules'],
})

export const listFirewalls = endpoint({
  ...READING,
  id: 'firewalls.list',
  method: 'get',
  path: FIREWALLS,
  summary: 'List firewalls by name',
  params: InTenant,
  query: PageQuery.extend({ label: LabelFilter.optional(), name: NameFilter.optional() }),
  response: page(Firewall),
  failures: ['not-found'],
})

export const getFirewall = endpoint({
  ...READING,
  id: 'firewalls.get',
  method: 'get',
  path: FIREWALL,
  summary: 'Show a firewall and the containers that carry it',
  params: InFirewall,
  response: FirewallDetails,
  failures: ['not-found'],
})

export const updateFirewall = endpoint({
  ...WRITING,
  id: 'firewalls.update',
  method: 'patch',
  path: FIREWALL,
  conditional: true,
  summary: 'Change the rules or labels of a firewall',
  params: InFirewall,
  body: FirewallChange,
  status: 200,
  response: FirewallDetails,
  failures: ['not-found', 'state-conflict', 'too-many-rules'],
})

export const deleteFirewall = endpoint({
  ...WRITING,
  id: 'firewalls.delete',
  method: 'delete',
  path: FIREWALL,
  summary:
    'Delete a firewall that nobody carries or names; one that does not exist is gone already',
  params: InFirewall,
  status: 204,
  response: z.null(),
  failures: ['firewall-in-use', 'not-found', 'state-conflict'],
})
