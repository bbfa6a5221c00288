import type { Challenges } from '../core/challenges.ts'
import type { Balance } from '../core/route.ts'
import type { Balancer } from './balancer.ts'
import type { Holds } from './holds.ts'
import type { IngressLimits } from './limits.ts'
import type { PortTunnels } from './port-tunnels.ts'
import type { Senders } from './senders.ts'
import type { Shares } from './shares.ts'
import type { Rates } from './rates.ts'
import type { RoutingView } from './routing-view.ts'
import type { Tallies } from './tallies.ts'

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void

/** What has happened since the start; `open`, `held` and `tunnels` are what is going on now. */
export interface Counters {
  connections: number
  open: number
  requests: number
  /** Requests that were no valid HTTP. */
  refused: number
  /** Answers of our own: no app, no member, time-outs. */
  troubles: number
  held: number
  tunnels: number
  upstreamOpened: number
  upstreamReused: number
  retries: number
  /** Answers that were cut, because the member or the client went away. */
  aborted: number
}

export function noCounters(): Counters {
  return {
    connections: 0,
    open: 0,
    requests: 0,
    refused: 0,
    troubles: 0,
    held: 0,
    tunnels: 0,
    upstreamOpened: 0,
    upstreamReused: 0,
    retries: 0,
    aborted: 0,
  }
}

/** One client's connection, of whichever protocol. */
export interface Connection {
  /** Ends it in order: now if it is idle, else after the present answers. */
  drain(): void
  /** Ends it so that nobody takes what was sent for complete. */
  cut(): void
  /** Looks at deadlines. */
  sweep(nowMs: number): void
}

/** What the connections of one ingress share. */
export interface IngressContext {
  readonly limits: IngressLimits
  readonly counters: Counters
  readonly holds: Holds
  readonly balancer: Balancer
  /** Of whatever says nothing of its own. */
  readonly balance: Balance
  /** Requests under way, by tenant. */
  readonly tenants: Shares
  /** The same to the platform's API, by the client's address. */
  readonly apiClients: Shares
  readonly tallies: Tallies
  readonly senders: Senders
  readonly view: RoutingView
  readonly rates: Rates
  /** Where TLS is listened for, as clients know it; null: nowhere. */
  readonly securePort: () => number | null
  readonly challenges: Challenges
  readonly log: Log
  readonly now: () => number
  readonly newRequestId: () => string
  /** The present time as a Date field has it. */
  readonly date: () => string
  readonly isDraining: () => boolean
  readonly portTunnels: PortTunnels
  readonly forget: (client: Connection) => void
  /** One more request to the retry budget; `false` from `retry` means that it is used up. */
  readonly budget: { earn(): void; spend(): boolean }
}
