import type { TunnelNews } from '../../proxy/link.ts'

/** What the control plane sees of the tunnels that the edge has open, and does about them. */
export interface TunnelEdge {
  /** Told of all tunnels that are open, then of changes. One whose worker is away counts as closed. */
  onTunnels(listener: (news: TunnelNews) => void): void
  /** Ends a tunnel, and has its client told why. */
  cutTunnel(id: string, reason: string): void
}
