import { linkClient, type LinkClient } from '../../proxy/link-client.ts'
import type { FromEdge } from '../../proxy/link.ts'
import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'
import type { Log } from '../log.ts'
import type { Edge } from '../ports/edge.ts'
import type { Timers } from '../ports/timers.ts'

export interface EdgeLinkDeps {
  /** Folder of the sockets. */
  readonly folder: string
  readonly workers: number
  readonly timers: Timers
  readonly log: Log
}

interface Peer {
  readonly role: string
  readonly link: LinkClient
  /** Version it serves; undefined while it is not there. */
  version: number | undefined
}

/** The control plane's end of the link: one connection to each edge process. */
export function edgeLink({ folder, workers, timers, log }: EdgeLinkDeps): Edge & { close(): void } {
  const health = new Map<string, HealthReport>()
  const listeners: ((reports: readonly HealthReport[]) => void)[] = []
  const waiting = new Set<() => void>()
  let table: RouteTable | undefined

  const roles = ['dns', ...Array.from({ length: workers }, (_, i) => `ingress-${i}`)]
  const peers = roles.map((role) => {
    const path = `${folder}/${role}.sock`
    const link = linkClient({ path, after: timers.after, hear: (message) => hear(peer, message) })
    const peer: Peer = { role, version: undefined, link }
    return peer
  })

  function hear(peer: Peer, message: FromEdge | undefined): void {
    if (message === undefined) {
      log('debug', 'An edge process is away', { role: peer.role })
      peer.version = undefined
    } else if (message.type === 'hello') {
      peer.version = message.version
      if (table) peer.link.send({ type: 'table', table })
    } else if (message.type === 'ack') {
      peer.version = message.version
    } else {
      for (const report of message.reports) health.set(report.id, report)
      for (const listener of listeners) listener(message.reports)
    }
    for (const look of waiting) look()
  }

  return {
    publish(next) {
      table = next
      const named = new Set(next.members.map(({ id }) => id))
      for (const id of health.keys()) if (!named.has(id)) health.delete(id)
      for (const { link } of peers) link.send({ type: 'table', table: next })
    },

    async acknowledged(version, signal) {
      const news = listened(waiting, signal)
      // DNS must know who will ask; an ingress worker that is not there has nothing to be wrong about.
      const late = (peer: Peer): boolean =>
        (peer.version ?? (peer.role === 'dns' ? -1 : version)) < version
      try {
        while (peers.some(late)) {
          if (signal.aborted) throw notConfirmed(peers.filter(late))
          await news.next()
        }
      } finally {
        news.end()
      }
    },

    health: (containerId) => health.get(containerId),
    onHealth: (listener) => void listeners.push(listener),
    isUp: () => peers.every(({ version }) => version !== undefined),
    close() {
      for (const { link } of peers) link.close()
    },
  }
}

const notConfirmed = (late: readonly Peer[]): Error => {
  const roles = late.map(({ role }) => role).join(', ')
  return new Error(`The edge has not confirmed its table in time: ${roles}`)
}

/** Waits for the next of many pieces of news, none of which is missed between two waits; an abort is news. */
function listened(listeners: Set<() => void>, signal: AbortSignal) {
  let wake = Promise.withResolvers<void>()
  const hear = (): void => wake.resolve()
  listeners.add(hear)
  signal.addEventListener('abort', hear)
  return {
    async next(): Promise<void> {
      await wake.promise
      wake = Promise.withResolvers()
    },
    end(): void {
      listeners.delete(hear)
      signal.removeEventListener('abort', hear)
    },
  }
}
