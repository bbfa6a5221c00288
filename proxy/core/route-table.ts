import type { Route } from './route.ts'

/**
 * What the control plane tells the edge: one immutable value, replaced as a whole. The edge serves
 * from the last one it has seen, so everything a request or a question needs is in here.
 */
export interface RouteTable {
  /** Grows with every change; the edge never goes back to an older one of the same instance. */
  readonly version: number
  readonly instance: string
  /** Domains of the ingress, the main one first: `['cloud.local', 'localhost']`. */
  readonly domains: readonly string[]
  /** What comes first at the hosts of apps, and at hosts beyond these: each host is of one tenant in the whole platform. */
  readonly routes?: readonly Route[]
  /** Domain of the names inside: `internal`. */
  readonly internalDomain: string
  /** The instance's pool, as CIDR. Whoever asks from inside it is a container. */
  readonly pool: string
  /** Ranges of networks outside the pool. Whoever asks from inside one is a container, too. */
  readonly ranges?: readonly string[]
  /** Ids of networks whose containers know each other's names beyond their own network. */
  readonly peers?: readonly (readonly [one: string, other: string])[]
  /** Names of the world that containers of a network reach, and where these are: they are told that and nothing else. */
  readonly outside?: readonly OutsideName[]
  /** Slugs of all live tenants, also of those without any container. */
  readonly tenants: readonly string[]
  readonly members: readonly Member[]
  /** Public key of the tickets with which tunnels are opened: Ed25519, base64url. Absent: none are. */
  readonly tunnelKey?: string
}

/**
 * `starting`: created, or about to be; requests wait for it. `running`: the process runs, health
 * decides. `stopped`: it still asks questions (it may be on its way out), but nothing is sent to it.
 * `suspended`: the same, by the operator's word about its tenant.
 */
export const MEMBER_STATES = ['starting', 'running', 'stopped', 'suspended'] as const
export type MemberState = (typeof MEMBER_STATES)[number]

/** One container: who it is, where it is, what it answers for. */
export interface Member {
  /** The container's id in the platform, never Docker's. */
  readonly id: string
  readonly tenant: string
  /** Resolves as `<name>.<tenant>.<internalDomain>`; as an app also `<name>.<tenant>.<domain>`. */
  readonly name: string
  readonly address: string
  /** In each of its networks, that of `address` first. A table of an older version says nothing of them. */
  readonly places?: readonly Place[]
  /** What it listens on, as far as that was said. */
  readonly ports?: readonly MemberPort[]
  readonly state: MemberState
  /** Grows when the process starts anew: health of an earlier run says nothing about this one. */
  readonly run: number
  /** The app's port, or null for a container that serves nobody outside its network. */
  readonly port: number | null
  /** What it speaks there: HTTP/2 without TLS and without asking; else HTTP/1.1. */
  readonly protocol?: 'h2c'
  /** How health is found; null: a container whose process runs is healthy. */
  readonly check: MemberCheck | null
}

export interface OutsideName {
  /** Id of the network. */
  readonly network: string
  readonly name: string
  readonly addresses: readonly string[]
}

/** A container in one network. */
export interface Place {
  /** Id of the network. */
  readonly network: string
  readonly address: string
  /** Further names, known in this network alone. */
  readonly aliases: readonly string[]
}

export interface MemberPort {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
}

/** `tcp`: a connection opens. `http`: GET answers 200–399. Durations in milliseconds. */
export interface MemberCheck {
  readonly kind: 'tcp' | 'http'
  readonly port: number
  readonly path: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** So many failures in a row make a healthy container unhealthy. */
  readonly retries: number
  /** So many successes in a row make it healthy, for the first time or again. Absent: one. */
  readonly successes?: number
  /** Failures in this time after the start do not count. */
  readonly startPeriodMs: number
}

/** What the health checker has found, by member id and run. Absent: not yet known. */
export interface HealthReport {
  readonly id: string
  readonly run: number
  readonly healthy: boolean
  /** One sentence for people: `connection refused`, `GET /healthz answered 500`. */
  readonly reason: string
}
