import type { Store } from '../../db/open.ts'
import type { TunnelCreate, TunnelTicket } from '../contract/tunnels.ts'
import type { Actor } from '../core/actor.ts'
import { principalName, type Caller } from '../core/caller.ts'
import { failure, notFound } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { Signer } from '../ports/signer.ts'
import type { AuditService } from './audit.ts'
import { tenantToRun } from './tenant-lookup.ts'

export interface TunnelDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditService
  readonly signer: Signer
  /** What is to be signed, of claims; and the ticket, of that and its signature. */
  readonly tickets: {
    readonly body: (claims: TicketFacts) => string
    readonly text: (body: string, signature: string) => string
  }
  /** Where tunnels are opened. */
  readonly at: Pick<TunnelTicket, 'host' | 'ingress' | 'secure'>
}

/** What a ticket says: `proxy/core/tunnel-ticket.ts`. */
export interface TicketFacts {
  readonly id: string
  readonly credential: string
  readonly version: number
  readonly actor: string
  readonly tenant: string
  readonly container: string
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly expiresAt: number
  readonly keyEndsAt: number | null
}

/** Long enough for a client to open a connection, too short to be handed round. */
const TICKET_MS = 30_000

export function tunnelService({ store, clock, newId, audit, signer, tickets, at }: TunnelDeps) {
  return {
    /** Whoever has the ticket reaches the port; the edge asks nobody else. */
    async create(
      place: { readonly tenant: string; readonly container: string },
      { port, protocol }: TunnelCreate,
      { caller, actor }: { readonly caller: Caller; readonly actor: Actor },
    ): Promise<TunnelTicket> {
      return store.writeFor(place.tenant, async (q) => {
        const tenant = await tenantToRun(q, place.tenant, 'Cannot open a tunnel')
        const placed = await q.containers.find(tenant.id, place.container)
        if (!placed) throw notFound('container', place.container)
        const { id: container, name, state } = placed.row
        if (state !== 'running') throw notRunning(name, state)

        const { credential } = caller
        const id = newId()
        const expiresAt = clock.now().getTime() + TICKET_MS
        const body = tickets.body({
          id,
          credential: credential.id,
          version: credential.version,
          actor: principalName(caller.principal),
          tenant: tenant.slug,
          container,
          address: placed.address,
          port,
          protocol,
          expiresAt,
          keyEndsAt: credential.expiresAt,
        })
        const output: TunnelTicket = {
          id,
          ticket: tickets.text(body, signer.sign(body)),
          ...at,
          container,
          port,
          protocol,
          expiresAt: new Date(expiresAt).toISOString(),
        }
        const target = `container/${name} port ${port}/${protocol}`
        const said = { action: 'tunnels.create', tenant, target, status: 201 }
        await audit.accepted(q, actor, { ...said, output })
        return output
      })
    },
  }
}
export type TunnelService = ReturnType<typeof tunnelService>

const notRunning = (name: string, state: string) =>
  failure(
    'state-conflict',
    `Cannot open a tunnel to container "${name}": it is ${state}; start it first`,
    { kind: 'container', name, state },
  )
