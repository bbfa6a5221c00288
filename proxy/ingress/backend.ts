import { hashOfText, warmth } from '../core/balance.ts'
import type { Member } from '../core/route-table.ts'
import type { Counters } from './context.ts'
import { Http2Sessions } from './http2-session.ts'
import { Http2Upstream } from './http2-upstream.ts'
import type { IngressLimits } from './limits.ts'
import { UpstreamConnection } from './upstream-connection.ts'
import type { Upstream, UpstreamUser } from './upstream.ts'

export interface BackendDeps {
  readonly limits: IngressLimits
  readonly counters: Counters
  readonly now: () => number
  /** Until when any member at all is ejected, at the latest: as a rule nobody is, and nobody looks. */
  readonly ejections: { untilMs: number }
  /** A member that is waited for under this key has room. False: nobody waits any more. */
  readonly freed: (app: string) => boolean
}

/** One run of a member, as the ingress sees it: its idle connections, and whether it ever took one. */
export class Backend {
  readonly member: Member
  /** Of its id: what keys are held against. */
  readonly hash: number
  readonly #deps: BackendDeps
  readonly #seenAtMs: number
  readonly #idle: UpstreamConnection[] = []
  /** Of a member that speaks HTTP/2. */
  readonly #sessions: Http2Sessions | null
  #reached = false
  /** In a row: connections that were refused or ended without an answer. */
  #failures = 0
  #ejectedUntilMs = 0
  /** Connections with a request or a tunnel on them. */
  #inFlight = 0
  readonly #waitedBy = new Set<string>()
  #isHealthy = false
  /** When it was there for the first time, or again. */
  #backAtMs: number
  #isGone = false
  #closed = false

  constructor(deps: BackendDeps, member: Member) {
    this.#deps = deps
    this.member = member
    this.hash = hashOfText(member.id)
    const isHttp2 = member.protocol === 'h2c'
    this.#sessions = isHttp2 ? new Http2Sessions(member, deps.limits, deps.now) : null
    this.#seenAtMs = deps.now()
    this.#backAtMs = this.#seenAtMs
  }

  /** It is in no table any more, or another run of it is. */
  get isGone(): boolean {
    return this.#isGone
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** A connection to it has a request from now on, until `over`. */
  begun(): void {
    this.#inFlight += 1
  }

  over(): void {
    this.#inFlight -= 1
    if (this.#waitedBy.size === 0) return
    for (const app of this.#waitedBy) if (!this.#deps.freed(app)) this.#waitedBy.delete(app)
  }

  /** Requests to this app, or by this route, wait for it among others. */
  isWaitedForBy(app: string): void {
    this.#waitedBy.add(app)
  }

  /** What the health checks say: whoever is well for the first time, or again, begins with little. */
  reported(isHealthy: boolean): void {
    if (isHealthy && !this.#isHealthy) this.#backAtMs = this.#deps.now()
    this.#isHealthy = isHealthy
  }

  /** Its part of a full share, where members that come back get theirs step by step. */
  weight(nowMs: number, slowStartMs: number): number {
    return warmth(nowMs - this.#backAtMs, slowStartMs)
  }

  /** Seen for the first time a moment ago and never reached: a refusal may mean `not yet`. */
  get isSettling(): boolean {
    return !this.#reached && this.#deps.now() - this.#seenAtMs < this.#deps.limits.settleMs
  }

  /** The connection used last, so that the others grow old and go (LIFO). */
  take(user: UpstreamUser): Upstream | undefined {
    if (this.#sessions !== null) return this.#stream(this.#sessions, user)
    const connection = this.#idle.pop()
    if (connection === undefined) return undefined
    this.#deps.counters.upstreamReused += 1
    connection.use(user)
    return connection
  }

  connect(user: UpstreamUser): Upstream {
    const sessions = this.#sessions
    if (sessions === null) {
      this.#deps.counters.upstreamOpened += 1
      return new UpstreamConnection(this, user)
    }
    const { session, isNew } = sessions.connecting()
    if (isNew) this.#deps.counters.upstreamOpened += 1
    return new Http2Upstream({ backend: this, sessions, session, user })
  }

  #stream(sessions: Http2Sessions, user: UpstreamUser): Upstream | undefined {
    const session = sessions.open()
    if (session === undefined) return undefined
    this.#deps.counters.upstreamReused += 1
    return new Http2Upstream({ backend: this, sessions, session, user })
  }

  reached(): void {
    this.#reached = true
  }

  /** It has failed several times on end: others are asked first, until its time is up. */
  isEjectedAt(nowMs: number): boolean {
    return this.#ejectedUntilMs > nowMs
  }

  failed(): void {
    // Whoever is about to come up is to be asked as soon as it is there.
    if (this.isSettling) return
    const { failuresToEject, ejectFirstMs, ejectLastMs } = this.#deps.limits
    this.#failures += 1
    const beyond = this.#failures - failuresToEject
    if (beyond < 0) return
    const untilMs = this.#deps.now() + Math.min(ejectLastMs, ejectFirstMs * 2 ** beyond)
    this.#ejectedUntilMs = untilMs
    this.#backAtMs = untilMs
    const { ejections } = this.#deps
    ejections.untilMs = Math.max(ejections.untilMs, untilMs)
  }

  answered(): void {
    this.#failures = 0
    if (this.#ejectedUntilMs === 0) return
    this.#backAtMs = Math.min(this.#backAtMs, this.#deps.now())
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
    this.#sessions?.sweep(nowMs)
    for (const connection of this.#idle.filter((one) => one.restsUntilMs <= nowMs)) {
      connection.destroy()
    }
  }

  /** The table names it no more. */
  leave(): void {
    this.#isGone = true
    this.close()
  }

  /** Nothing new goes there; what is under way ends by itself. */
  close(): void {
    this.#closed = true
    this.#sessions?.close()
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }
}
