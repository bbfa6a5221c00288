import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, InTenant, NameOrId, Timestamp } from './names.ts'

export const TunnelCreate = z
  .strictObject({
    port: z.int().min(1).max(65_535).describe('Of the container; it need not be published'),
    protocol: z.enum(['tcp', 'udp']).default('tcp'),
  })
  .meta({ id: 'TunnelCreate' })
export type TunnelCreate = z.infer<typeof TunnelCreate>

/** Shown once: whoever has it can open the tunnel. */
export const TunnelTicket = z
  .object({
    id: Id.describe('Of the tunnel that it opens'),
    ticket: z
      .string()
      .describe('Send it as `Authorization: Bearer` with a WebSocket handshake to the ingress'),
    host: z.string().describe('Host of that handshake'),
    ingress: z.string().describe('Where the ingress listens, e.g. `0.0.0.0:80`'),
    secure: z
      .string()
      .optional()
      .describe('Where it takes the handshake over TLS, e.g. `https://api.example.com`'),
    container: Id,
    port: z.int(),
    protocol: z.enum(['tcp', 'udp']),
    expiresAt: Timestamp.describe('It opens one tunnel until then; an open tunnel goes on'),
  })
  .meta({ id: 'TunnelTicket' })
export type TunnelTicket = z.infer<typeof TunnelTicket>

export const createTunnel = endpoint({
  id: 'tunnels.create',
  method: 'post',
  path: '/v1/tenants/{tenant}/containers/{container}/tunnels',
  summary: 'Get a ticket that opens a tunnel to a port of a container, through the ingress',
  permission: 'containers:write',
  params: InTenant.extend({ container: NameOrId }),
  body: TunnelCreate,
  kind: 'answer',
  secret: true,
  status: 201,
  response: TunnelTicket,
  failures: ['not-found', 'state-conflict', 'tenant-suspended'],
})
