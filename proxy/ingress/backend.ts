import type { Member } from '../core/route-table.ts'
import type { Counters } from './context.ts'
import type { IngressLimits } from './limits.ts'
import { UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamUser } from './upstream-connection.ts'

export interface BackendDeps {
  readonly limits: IngressLimits
  readonly counters: Counters
  readonly now: () => number
}

/** One run of a member, as the ingress sees it: its idle connections, and whether it ever took one. */
export class Backend {
  readonly member: Member
  readonly #deps: BackendDeps
  readonly #seenAtMs: number
  readonly #idle: UpstreamConnection[] = []
  #reached = false
  /** In a row: connections that were refused or ended without an answer. */
  #failures = 0
  #ejectedUntilMs = 0
  #closed = false

  constructor(deps: BackendDeps, member: Member) {
    this.#deps = deps
    this.member = member
    this.#seenAtMs = deps.now()
  }

  /** Seen for the first time a moment ago and never reached: a refusal may mean `not yet`. */
  get isSettling(): boolean {
    return !this.#reached && this.#deps.now() - this.#seenAtMs < this.#deps.limits.settleMs
  }

  /** The connection used last, so that the others grow old and go (LIFO). */
  take(user: UpstreamUser): UpstreamConnection | undefined {
    const connection = this.#idle.pop()
    if (connection === undefined) return undefined
    this.#deps.counters.upstreamReused += 1
    connection.use(user)
    return connection
  }

  connect(user: UpstreamUser): UpstreamConnection {
    this.#deps.counters.upstreamOpened += 1
    return new UpstreamConnection(this, user)
  }

  reached(): void {
    this.#reached = true
  }

  /** It has failed several times on end: others are asked first, until its time is up. */
  get isEjected(): boolean {
    return this.#ejectedUntilMs > this.#deps.now()
  }

  failed(): void {
    // Whoever is about to come up is to be asked as soon as it is there.
    if (this.isSettling) return
    const { failuresToEject, ejectFirstMs, ejectLastMs } = this.#deps.limits
    this.#failures += 1
    const beyond = this.#failures - failuresToEject
    if (beyond < 0) return
    this.#ejectedUntilMs = this.#deps.now() + Math.min(ejectLastMs, ejectFirstMs * 2 ** beyond)
  }

  answered(): void {
    this.#failures = 0
    this.#ejectedUntilMs = 0
  }

  /** Takes a connection back that may serve another request. */
  keep(connection: UpstreamConnection, keepAliveS: number | undefined): void {
    const { limits, now } = this.#deps
    // A second less than the member says, since its timer began before ours.
    const saidMs = keepAliveS === undefined ? limits.upstreamIdleMs : (keepAliveS - 1) * 1000
    const idleMs = Math.min(limits.upstreamIdleMs, saidMs)
    if (this.#closed || idleMs <= 0 || this.#idle.length >= limits.upstreamIdlePerMember) {
      connection.destroy()
      return
    }
    connection.rest(now() + idleMs)
    this.#idle.push(connection)
  }

  /** An idle connection is gone. */
  forget(connection: UpstreamConnection): void {
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
  }

  sweep(nowMs: number): void {
    for (const connection of this.#idle.filter((one) => one.restsUntilMs <= nowMs)) {
      connection.destroy()
    }
  }

  /** Nothing new goes there; what is under way ends by itself. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }
}
