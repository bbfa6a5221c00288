import type { LinkClient } from '../../proxy/link-client.ts'
import type { Measures } from '../../proxy/link.ts'
import type { EdgeCounters } from '../ports/edge-counters.ts'

interface Asked {
  readonly link: LinkClient
}

/** Asks edge processes what they have counted, of each only what has moved since it was asked last. */
export function measuresOf<Peer extends Asked>() {
  /** Those that are there, and the last look that each has answered. */
  const there = new Map<Peer, number>()
  const listeners: ((measures: Measures) => void)[] = []
  const waiting = new Set<(peer: Peer) => void>()

  const settled = (peer: Peer): void => {
    for (const settle of waiting) settle(peer)
  }

  const counters: EdgeCounters = {
    onMeasures: (listener) => void listeners.push(listener),
    measure: (signal) =>
      new Promise((resolve) => {
        const open = new Set(there.keys())
        const end = (): void => {
          waiting.delete(settle)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const settle = (peer: Peer): void => {
          open.delete(peer)
          if (open.size === 0) end()
        }
        if (open.size === 0 || signal.aborted) return resolve()
        waiting.add(settle)
        signal.addEventListener('abort', end)
        for (const [peer, since] of there) {
          if (!peer.link.send({ type: 'measure', since })) settle(peer)
        }
      }),
  }

  return {
    counters,
    /** Another process may be behind the socket: it is asked for all it has. */
    greeted: (peer: Peer): void => void there.set(peer, 0),
    lost(peer: Peer): void {
      there.delete(peer)
      settled(peer)
    },
    heard(peer: Peer, measures: Measures): void {
      if (there.has(peer)) there.set(peer, measures.seq)
      for (const listener of listeners) listener(measures)
      settled(peer)
    },
  }
}
