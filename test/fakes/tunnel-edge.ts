import type { OpenTunnel, TunnelNews } from '../../proxy/link.ts'
import type { TunnelEdge } from '../../src/ports/tunnel-edge.ts'

/** Tunnels as an edge has them open; what is cut is closed a moment later, as by a real one. */
export class FakeTunnels implements TunnelEdge {
  readonly cuts: { readonly id: string; readonly reason: string }[] = []
  readonly #open = new Map<string, OpenTunnel>()
  readonly #listeners: ((news: TunnelNews) => void)[] = []

  // Passed on as bare functions, too.
  onTunnels = (listener: (news: TunnelNews) => void): void => {
    this.#listeners.push(listener)
    for (const tunnel of this.#open.values()) listener({ type: 'tunnel-opened', tunnel })
  }

  cutTunnel = (id: string, reason: string): void => {
    this.cuts.push({ id, reason })
    queueMicrotask(() => this.close(id))
  }

  open(tunnel: OpenTunnel): void {
    this.#open.set(tunnel.id, tunnel)
    for (const listener of this.#listeners) listener({ type: 'tunnel-opened', tunnel })
  }

  close(id: string): void {
    if (!this.#open.delete(id)) return
    for (const listener of this.#listeners) listener({ type: 'tunnel-closed', id })
  }
}
