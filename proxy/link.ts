import type { Challenge } from './core/challenges.ts'
import type { Series } from './core/meters.ts'
import type { HealthReport, RouteTable } from './core/route-table.ts'
import type { TlsSettings } from './core/server-names.ts'
import type { TicketClaims } from './core/tunnel-ticket.ts'

/**
 * The words between an edge process and those who steer it, one JSON document a line, over the Unix
 * socket on which each edge process listens. Only root and the edge's own user can open that socket.
 */
export type ToEdge =
  | { readonly type: 'table'; readonly table: RouteTable }
  | { readonly type: 'health'; readonly reports: readonly HealthReport[] }
  /** For the ingress alone: it holds the keys of certificates. */
  | { readonly type: 'tls'; readonly settings: TlsSettings }
  /** For the ingress alone: what is shown to a public authority, in place of what was before. */
  | {
      readonly type: 'challenges'
      readonly version: number
      readonly challenges: readonly Challenge[]
    }
  /** Say what you have counted since that look; 0: all of it. */
  | { readonly type: 'measure'; readonly since: number }
  /** End a tunnel, and tell its client why. */
  | { readonly type: 'cut'; readonly tunnel: string; readonly reason: string }
  /** Stop listening, finish what is under way within the time, exit. */
  | { readonly type: 'drain'; readonly graceMs: number }

export type FromEdge =
  | {
      readonly type: 'hello'
      readonly role: EdgeRole
      readonly pid: number
      /** Version of the table it serves; 0: none yet. */
      readonly version: number
    }
  | { readonly type: 'ack'; readonly version: number }
  /** These challenges are shown. */
  | { readonly type: 'challenged'; readonly version: number }
  /** Sent by the DNS process alone, which owns the health checks: first everything known, then changes. */
  | { readonly type: 'health'; readonly reports: readonly HealthReport[] }

  /** The tunnels of an ingress worker: first all that are open, then changes. */
  | { readonly type: 'tunnels'; readonly open: readonly OpenTunnel[] }
  | TunnelNews
  | ({ readonly type: 'measures' } & Measures)

export type TunnelNews =
  | { readonly type: 'tunnel-opened'; readonly tunnel: OpenTunnel }
  | { readonly type: 'tunnel-closed'; readonly id: string }

/** A tunnel that is open: whose it is, and where it leads. */
export interface OpenTunnel extends Pick<
  TicketClaims,
  'actor' | 'container' | 'credential' | 'id' | 'port' | 'protocol' | 'tenant' | 'version'
> {
  /** Address of the client. */
  readonly from: string
  /** Milliseconds since 1970. */
  readonly since: number
}

/** What an edge process has counted. */
export interface Measures {
  readonly role: EdgeRole
  /** This process and no other: what an earlier one of the role has counted is not in it. */
  readonly epoch: string
  /** Of this look, to be named at the next: then only what has moved since is told. */
  readonly seq: number
  /** Of the process as a whole; all of it each time. */
  readonly process: Readonly<Record<string, number>>
  readonly series: readonly Series[]
}

export type EdgeRole = 'dns' | `ingress-${number}`

const DRAINING = /^draining-(\d+)\.sock$/

/** Where an ingress worker that drains is found, until it ends. */
export const drainingSocket = (pid: number): string => `draining-${pid}.sock`
/** Whose socket that is; undefined: it is none of these. */
export const drainingPid = (name: string): number | undefined => {
  const [, pid] = DRAINING.exec(name) ?? []
  return pid === undefined ? undefined : Number(pid)
}
