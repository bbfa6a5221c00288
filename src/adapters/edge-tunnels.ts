import type { FromEdge, OpenTunnel, TunnelNews } from '../../proxy/link.ts'

type Heard = Extract<FromEdge, { type: 'tunnels' | 'tunnel-closed' | 'tunnel-opened' }>

/** Which tunnels the edge has open, and which of its processes each is in. */
export function tunnelsOf<Peer>() {
  const open = new Map<string, { readonly tunnel: OpenTunnel; readonly peer: Peer }>()
  const listeners: ((news: TunnelNews) => void)[] = []

  function opened(peer: Peer, tunnel: OpenTunnel): void {
    open.set(tunnel.id, { tunnel, peer })
    for (const listener of listeners) listener({ type: 'tunnel-opened', tunnel })
  }

  function closed(id: string): void {
    open.delete(id)
    for (const listener of listeners) listener({ type: 'tunnel-closed', id })
  }

  /** Nothing is known of them until their process is heard again. */
  function lost(peer: Peer): void {
    for (const [id, one] of open) if (one.peer === peer) closed(id)
  }

  return {
    lost,
    heard(peer: Peer, message: Heard): void {
      if (message.type === 'tunnel-opened') return opened(peer, message.tunnel)
      if (message.type === 'tunnel-closed') return closed(message.id)
      lost(peer)
      for (const tunnel of message.open) opened(peer, tunnel)
    },
    peerOf: (id: string): Peer | undefined => open.get(id)?.peer,
    listen(listener: (news: TunnelNews) => void): void {
      listeners.push(listener)
      for (const { tunnel } of open.values()) listener({ type: 'tunnel-opened', tunnel })
    },
  }
}
