import { existsSync, readdirSync, watch } from 'node:fs'
import { linkClient, type LinkClient } from '../../proxy/link-client.ts'
import { drainingPid, type FromEdge } from '../../proxy/link.ts'
import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'
import type { TlsSettings } from '../../proxy/core/server-names.ts'
import type { Log } from '../log.ts'
import { challengesFor } from './edge-challenges.ts'
import { measuresOf } from './edge-measures.ts'
import { tunnelsOf } from './edge-tunnels.ts'
import type { ChallengeEdge } from '../ports/challenge-edge.ts'
import type { Edge } from '../ports/edge.ts'
import type { EdgeCounters } from '../ports/edge-counters.ts'
import type { TlsEdge } from '../ports/tls-edge.ts'
import type { TunnelEdge } from '../ports/tunnel-edge.ts'
import type { Timers } from '../ports/timers.ts'

export interface EdgeLinkDeps {
  /** Folder of the sockets. */
  readonly folder: string
  readonly workers: number
  readonly timers: Timers
  readonly log: Log
}

/** An edge process that can be told something. */
interface Steered {
  readonly link: LinkClient
}

interface Peer extends Steered {
  readonly role: string
  /** Version it serves, 0 while that is none of ours; undefined while it is not there. */
  version: number | undefined
  /** Up to here its versions are those of an earlier control plane, and say nothing of ours. */
  foreign: number
}

type Link = Edge & EdgeCounters & TunnelEdge & TlsEdge & ChallengeEdge & { close(): void }

/** The control plane's end of the link: one connection to each edge process. */
export function edgeLink({ folder, workers, timers, log }: EdgeLinkDeps): Link {
  const health = healthOfMembers()
  const waiting = new Set<() => void>()

  const peers = rolesOf(workers).map((role) => {
    const path = `${folder}/${role}.sock`
    const link = linkClient({ path, after: timers.after, hear: (message) => hear(peer, message) })
    const peer: Peer = { role, version: undefined, foreign: 0, link }
    return peer
  })
  const tables = numberedTables(peers)
  const { sendTls, ...tls } = tlsFor(peers)
  const challenges = challengesFor(peers)
  const tunnels = tunnelsOf<Steered>()
  const measures = measuresOf<Steered>()
  const draining = drainingPeers({ folder, timers, log, tunnels, measures, table: tables.last })

  function hear(peer: Peer, message: FromEdge | undefined): void {
    if (message === undefined) {
      log('debug', 'An edge process is away', { role: peer.role })
      peer.version = undefined
      tunnels.lost(peer)
      measures.lost(peer)
    } else if (message.type === 'hello') {
      measures.greeted(peer)
      tables.greeted(peer, message.version)
      sendTls(peer)
      challenges.greeted(peer)
    } else if (message.type === 'ack') {
      if (message.version > peer.foreign) peer.version = message.version
    } else if (message.type === 'challenged') {
      challenges.shows(peer, message.version)
    } else if (message.type === 'health') {
      health.heard(message.reports)
    } else if (message.type === 'measures') measures.heard(peer, message)
    else if (isOfTunnels(message)) tunnels.heard(peer, message)
    for (const look of waiting) look()
  }

  return {
    publish(next) {
      health.keep(next)
      const version = tables.publish(next)
      draining.publish()
      return version
    },

    async acknowledged(version, signal) {
      // DNS must know who will ask; an ingress worker that is not there has nothing to be wrong about.
      const late = (peer: Peer): boolean =>
        (peer.version ?? (peer.role === 'dns' ? -1 : version)) < version
      await allTold(waiting, signal, () => peers.filter(late))
    },

    ...tls,
    ...measures.counters,
    challenge(all, signal) {
      challenges.replace(all)
      return allTold(waiting, signal, challenges.late)
    },
    health: health.of,
    onHealth: health.listen,
    onTunnels: (listener) => tunnels.listen(listener),
    cutTunnel: (tunnel, reason) =>
      void tunnels.peerOf(tunnel)?.link.send({ type: 'cut', tunnel, reason }),
    isUp: () => peers.every(({ version }) => version !== undefined),
    close: () => [...peers.map(({ link }) => link), draining].forEach((one) => one.close()),
  }
}

/** What the health checks have found last. */
function healthOfMembers() {
  const known = new Map<string, HealthReport>()
  const listeners: ((reports: readonly HealthReport[]) => void)[] = []
  return {
    of: (containerId: string) => known.get(containerId),
    listen: (listener: (reports: readonly HealthReport[]) => void) => void listeners.push(listener),
    heard(reports: readonly HealthReport[]): void {
      for (const report of reports) known.set(report.id, report)
      for (const listener of listeners) listener(reports)
    },
    /** Of the others nobody asks again. */
    keep({ members }: RouteTable): void {
      const named = new Set(members.map(({ id }) => id))
      for (const id of known.keys()) if (!named.has(id)) known.delete(id)
    },
  }
}

const rolesOf = (workers: number): string[] => [
  'dns',
  ...Array.from({ length: workers }, (_, i) => `ingress-${i}`),
]

/** Tells every ingress worker what TLS needs; the DNS process gets no keys. */
function tlsFor(peers: readonly Peer[]) {
  let last: TlsSettings | undefined
  const sendTls = ({ role, link }: Peer): void => {
    if (last !== undefined && role !== 'dns') link.send({ type: 'tls', settings: last })
  }
  return {
    sendTls,
    secure(settings: TlsSettings): void {
      last = settings
      peers.forEach(sendTls)
    },
  }
}

interface DrainingDeps extends Pick<EdgeLinkDeps, 'folder' | 'log' | 'timers'> {
  readonly tunnels: ReturnType<typeof tunnelsOf<Steered>>
  readonly measures: ReturnType<typeof measuresOf<Steered>>
  readonly table: () => RouteTable | undefined
}

type OfTunnels = Extract<FromEdge, { readonly type: `tunnel${string}` }>
const isOfTunnels = (message: FromEdge): message is OfTunnels => message.type.startsWith('tunnel')

/** One that was killed leaves its socket behind. */
function isLiving(name: string): boolean {
  const pid = drainingPid(name)
  return pid !== undefined && existsSync(`/proc/${pid}`)
}

/**
 * Workers of an earlier start that only finish what they had: what is revoked, stopped or gone meanwhile ends in them
 * too. Each is found by its socket, which is there for as long as it is.
 */
function drainingPeers({ folder, timers, log, tunnels, measures, table }: DrainingDeps) {
  const peers = new Map<string, Steered>()
  const tell = ({ link }: Steered): void => {
    const last = table()
    if (last) link.send({ type: 'table', table: last })
  }

  function found(name: string): void {
    const hear = (message: FromEdge | undefined): void => {
      if (message === undefined) {
        tunnels.lost(peer)
        measures.lost(peer)
        peer.link.close()
        peers.delete(name)
      } else if (message.type === 'hello') {
        measures.greeted(peer)
        tell(peer)
      } else if (message.type === 'measures') measures.heard(peer, message)
      else if (isOfTunnels(message)) tunnels.heard(peer, message)
    }
    const path = `${folder}/${name}`
    const peer: Steered = { link: linkClient({ path, after: timers.after, hear }) }
    peers.set(name, peer)
  }

  function look(): void {
    const there = new Set(existsSync(folder) ? readdirSync(folder).filter(isLiving) : [])
    for (const name of there) if (!peers.has(name)) found(name)
    for (const [name, { link }] of peers) {
      if (there.has(name)) continue
      // It never answered, and has ended.
      link.close()
      peers.delete(name)
    }
  }

  const watcher = existsSync(folder) ? watch(folder, { persistent: false }, look) : undefined
  watcher?.on('error', (error) =>
    log('warn', 'Cannot watch for edge processes that drain', { error }),
  )
  look()
  return {
    publish: () => peers.forEach(tell),
    close(): void {
      watcher?.close()
      for (const { link } of peers.values()) link.close()
    },
  }
}

/**
 * Numbers the tables, and sends each to everyone. An edge that serves a later version than ours has it
 * from a control plane whose clock was ahead. It would take our table for an old one, and confirm its
 * own: so ours is given a version after it.
 */
function numberedTables(peers: readonly Peer[]) {
  let table: RouteTable | undefined
  /** The latest version that any edge process has named, or that we have given. */
  let newest = 0
  const send = (peer: Peer): void => void (table && peer.link.send({ type: 'table', table }))

  function publish(next: RouteTable): number {
    newest = Math.max(newest + 1, next.version)
    table = { ...next, version: newest }
    for (const peer of peers) send(peer)
    return newest
  }

  return {
    publish,
    last: () => table,
    greeted(peer: Peer, version: number): void {
      newest = Math.max(newest, version)
      const known = version <= (table?.version ?? 0)
      peer.version = known ? version : 0
      if (known) return send(peer)
      peer.foreign = version
      if (table) publish(table)
    },
  }
}

const notConfirmed = (late: readonly Pick<Peer, 'role'>[]): Error => {
  const roles = late.map(({ role }) => role).join(', ')
  return new Error(`The edge has not confirmed in time what it was told: ${roles}`)
}

/** Waits until nobody is late. */
async function allTold(
  listeners: Set<() => void>,
  signal: AbortSignal,
  late: () => readonly Pick<Peer, 'role'>[],
): Promise<void> {
  const news = listened(listeners, signal)
  try {
    while (late().length > 0) {
      if (signal.aborted) throw notConfirmed(late())
      // oxlint-disable-next-line no-await-in-loop -- each piece of news may be the last that is needed
      await news.next()
    }
  } finally {
    news.end()
  }
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
