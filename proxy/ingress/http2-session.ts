import { connect, type ClientHttp2Session } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import type { Member } from '../core/route-table.ts'
import type { IngressLimits } from './limits.ts'

/** Streams of one session at a time, where the member allows as many. */
const STREAMS_MOST = 100
/** Beyond these the streams of one member queue in the sessions that there are. */
const SESSIONS_MOST = 32
const CONNECTION_WINDOW_BYTES = 1024 * 1024

const OPTIONS = {
  maxSessionMemory: 16,
  maxReservedRemoteStreams: 0,
  settings: { enablePush: false, initialWindowSize: 256 * 1024 },
}

/** Who waits for a session. */
interface Waiter {
  sessionOpen(): void
  /** Before it was open, or after. */
  sessionGone(): void
}

/** A connection to a member over which many requests go (HTTP/2 by prior knowledge, RFC 9113 §3.3). */
export class Http2Session {
  readonly session: ClientHttp2Session
  readonly #users = new Set<Waiter>()
  #isOpen = false
  #isEnding = false
  restsSinceMs: number

  constructor({ address, port }: Member, nowMs: number, gone: (session: Http2Session) => void) {
    this.restsSinceMs = nowMs
    const to = { host: address, port: port ?? 0, noDelay: true }
    const createConnection = () => connectSocket(to)
    this.session = connect('http://member', { ...OPTIONS, createConnection })
    this.session.once('connect', () => this.#opened())
    this.session.on('goaway', () => (this.#isEnding = true))
    // Every error is followed by `close`, which is where it is handled.
    this.session.on('error', () => undefined)
    this.session.once('close', () => {
      this.#isEnding = true
      gone(this)
      for (const user of this.#users) user.sessionGone()
      this.#users.clear()
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get load(): number {
    return this.#users.size
  }

  get hasRoom(): boolean {
    if (this.#isEnding || this.session.closed || this.session.destroyed) return false
    const said = this.#isOpen ? this.session.remoteSettings.maxConcurrentStreams : undefined
    return this.#users.size < Math.min(said ?? STREAMS_MOST, STREAMS_MOST)
  }

  join(user: Waiter): void {
    this.#users.add(user)
  }

  leave(user: Waiter, nowMs: number): void {
    this.#users.delete(user)
    this.restsSinceMs = nowMs
  }

  /** What is under way ends by itself. */
  close(): void {
    this.#isEnding = true
    if (this.#isOpen) this.session.close()
    else this.session.destroy()
  }

  #opened(): void {
    this.#isOpen = true
    this.session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    for (const user of this.#users) user.sessionOpen()
  }
}

/** The sessions with one member. */
export class Http2Sessions {
  readonly #member: Member
  readonly #limits: Pick<IngressLimits, 'upstreamIdleMs'>
  readonly #now: () => number
  readonly #all = new Set<Http2Session>()

  constructor(member: Member, limits: Pick<IngressLimits, 'upstreamIdleMs'>, now: () => number) {
    this.#member = member
    this.#limits = limits
    this.#now = now
  }

  get now(): number {
    return this.#now()
  }

  /** One that is open and has room for another stream. */
  open(): Http2Session | undefined {
    for (const one of this.#all) if (one.isOpen && one.hasRoom) return one
    return undefined
  }

  /** One that is on its way already, or a new one. */
  connecting(): { readonly session: Http2Session; readonly isNew: boolean } {
    for (const one of this.#all)
      if (!one.isOpen && one.hasRoom) return { session: one, isNew: false }
    const least = [...this.#all].toSorted((a, b) => a.load - b.load)[0]
    if (least !== undefined && this.#all.size >= SESSIONS_MOST)
      return { session: least, isNew: false }
    const session = new Http2Session(this.#member, this.#now(), (gone) => this.#all.delete(gone))
    this.#all.add(session)
    return { session, isNew: true }
  }

  sweep(nowMs: number): void {
    for (const one of this.#all) {
      const rests = one.load === 0 && nowMs - one.restsSinceMs > this.#limits.upstreamIdleMs
      if (rests) one.close()
    }
  }

  close(): void {
    for (const one of this.#all) one.close()
  }
}
