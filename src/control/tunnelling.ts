import { ticketBody, ticketText, tunnelHost } from '../../proxy/core/tunnel-ticket.ts'
import { randomId } from '../adapters/system.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { Signer } from '../ports/signer.ts'
import type { AuditService } from '../services/audit.ts'
import type { KeyService } from '../services/keys.ts'
import { openTunnels } from '../services/open-tunnels.ts'
import { tunnelService } from '../services/tunnels.ts'
import { publicOrigin } from './front-door.ts'
import type { Outside } from './outside.ts'

export const ticketSigner = (keyRing: Pick<KeyRing, 'signer'>): Signer =>
  keyRing.signer('tunnel tickets')

/** Tickets for tunnels, and what is known of the tunnels that the edge has open. */
export function tunnelling(outside: Outside, audit: AuditService, keys: KeyService) {
  const { store, clock, keyRing, edge, settings, instance } = outside
  return {
    tunnels: tunnelService({
      store,
      clock,
      newId: randomId,
      audit,
      signer: ticketSigner(keyRing),
      tickets: { body: ticketBody, text: ticketText },
      at: {
        host: tunnelHost(settings.CLOUDLET_DOMAIN),
        ingress: instance.ingressAddress,
        ...(settings.CLOUDLET_API_HOST !== undefined && { secure: publicOrigin(outside) }),
      },
    }),
    openTunnels: openTunnels({ edge, keyOf: keys.liveKeyOf }),
  }
}
