import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, InTenant, Name, NameOrId, Slug, Timestamp } from './names.ts'

export const PeeringCreate = z
  .strictObject({
    network: NameOrId.describe('One of the own networks'),
    peerNetwork: NameOrId.optional().describe('Another of the own networks: it is active at once'),
    peerTenant: Slug.optional().describe('Or the tenant to offer it to, who picks its network'),
  })
  .meta({ id: 'PeeringCreate' })
export type PeeringCreate = z.infer<typeof PeeringCreate>

const Side = z.object({ name: Name, cidr: z.string() })

export const Peering = z
  .object({
    id: Id,
    state: z.enum(['offered', 'active']).describe('`active`: containers reach each other'),
    direction: z
      .enum(['own', 'sent', 'received'])
      .describe('Between own networks, or who has offered it'),
    network: Side.nullable().describe('The own side; null: it is for you to accept with one'),
    peer: z.object({ tenant: Slug, network: Side.nullable() }),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable().describe('When an offer ends that nobody accepts'),
  })
  .meta({ id: 'Peering' })
export type Peering = z.infer<typeof Peering>

const PEERINGS = '/v1/tenants/{tenant}/peerings'
const PEERING = `${PEERINGS}/{peering}` as const
const InPeering = InTenant.extend({ peering: Id })
const READING = { permission: 'networks:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'networks:write', kind: 'answer' } as const
const REFUSALS = ['not-found', 'state-conflict', 'too-many-peerings'] as const

export const createPeering = endpoint({
  ...WRITING,
  id: 'peerings.create',
  method: 'post',
  path: PEERINGS,
  summary: 'Peer two own networks, or offer it to another tenant',
  params: InTenant,
  body: PeeringCreate,
  status: 201,
  response: Peering,
  failures: [...REFUSALS],
})

export const listPeerings = endpoint({
  ...READING,
  id: 'peerings.list',
  method: 'get',
  path: PEERINGS,
  summary: 'List peerings, with offers made and received',
  params: InTenant,
  response: z.object({ items: z.array(Peering) }),
  failures: ['not-found'],
})

export const getPeering = endpoint({
  ...READING,
  id: 'peerings.get',
  method: 'get',
  path: PEERING,
  summary: 'Show a peering',
  params: InPeering,
  response: Peering,
  failures: ['not-found'],
})

export const acceptPeering = endpoint({
  ...WRITING,
  id: 'peerings.accept',
  method: 'post',
  path: `${PEERING}/accept`,
  summary: 'Accept a peering that another tenant has offered, with one of the own networks',
  params: InPeering,
  body: z.strictObject({ network: NameOrId }).meta({ id: 'PeeringAcceptance' }),
  status: 200,
  response: Peering,
  failures: [...REFUSALS],
})

export const deletePeering = endpoint({
  ...WRITING,
  id: 'peerings.delete',
  method: 'delete',
  path: PEERING,
  summary: 'End a peering or an offer, from either side; one that does not exist is gone already',
  params: InPeering,
  status: 204,
  response: z.null(),
  failures: ['not-found'],
})
