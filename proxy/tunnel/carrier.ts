import { TunnelStreams, type TunnelEvent } from '../core/tunnel-streams.ts'
import type { WindowPool } from '../core/tunnel-window.ts'
import { WebSocketReader, type WebSocketPiece } from '../core/websocket-frames.ts'
import type { Wire } from './wire.ts'

/** Whoever stands at this end of a stream: a connection, or the datagrams of one peer. */
export interface StreamUser {
  received(bytes: Buffer): void
  /** The other side sends nothing more. */
  ended(): void
  /** Over, by the word of the other side or with the tunnel. */
  reset(reason: string): void
  /** More may be sent than a moment ago. */
  moreRoom(): void
}

export interface CarrierDeps {
  readonly role: 'client' | 'server'
  readonly wire: Wire
  readonly mostStreams: number
  readonly pool: WindowPool
  /** The other side has opened a stream. */
  readonly accept: (stream: number) => void
  /** The tunnel is over. Said once. */
  readonly over: (code: number, reason: string) => void
}

/** Application codes of RFC 6455 §7.4.2, and those of §7.4.1 that a tunnel ends with. */
export const CLOSE_CODES = { normal: 1000, goingAway: 1001, violation: 1002, cut: 4001 } as const

/**
 * What waits to be written to a peer that does not read: each stream adds at most one chunk while the
 * wire is full; more than this are answers to a peer that only sends.
 */
const MOST_BACKLOG_BYTES = 24 * 1024 * 1024

/** One end of a tunnel: streams on one side, a WebSocket on the other. */
export class Carrier {
  readonly #deps: CarrierDeps
  readonly #reader: WebSocketReader
  readonly #streams: TunnelStreams
  readonly #users = new Map<number, StreamUser>()
  #isOver = false

  constructor(deps: CarrierDeps) {
    const { role, mostStreams, pool, wire } = deps
    this.#deps = deps
    this.#reader = new WebSocketReader(role === 'server')
    const write = (head: Buffer, content?: Buffer): void => this.#write(wire, head, content)
    this.#streams = new TunnelStreams({ role, mostStreams, pool, write })
  }

  get size(): number {
    return this.#streams.size
  }

  get isFull(): boolean {
    return this.#deps.wire.isFull
  }

  open(): number | undefined {
    return this.#isOver ? undefined : this.#streams.open()
  }

  use(stream: number, user: StreamUser): void {
    this.#users.set(stream, user)
  }

  /** Bytes from the WebSocket. */
  received(bytes: Buffer): void {
    for (const piece of this.#reader.read(bytes)) if (!this.#isOver) this.#took(piece)
  }

  /** The WebSocket takes more again. */
  drained(): void {
    for (const user of this.#users.values()) {
      if (this.isFull || this.#isOver) return
      user.moreRoom()
    }
  }

  creditOf(stream: number): number {
    return this.#streams.creditOf(stream)
  }

  send(stream: number, bytes: Buffer): number {
    return this.#isOver ? 0 : this.#streams.send(stream, bytes)
  }

  consumed(stream: number, count: number): void {
    if (!this.#isOver) this.#streams.consumed(stream, count)
  }

  end(stream: number): void {
    if (this.#isOver) return
    this.#streams.end(stream)
    this.#forgetIfOver(stream)
  }

  reset(stream: number, reason: string): void {
    if (this.#isOver) return
    this.#users.delete(stream)
    this.#streams.reset(stream, reason)
  }

  ping(): void {
    if (!this.#isOver) this.#streams.ping()
  }

  /** Ends it, and says why; or only lets go of it, where the connection is gone. */
  close(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    const users = [...this.#users.values()]
    this.#users.clear()
    for (const user of users) user.reset(reason)
    this.#streams.close()
    this.#deps.wire.close(code, reason)
    this.#deps.over(code, reason)
  }

  #write(wire: Wire, head: Buffer, content?: Buffer): void {
    wire.write(head, content)
    if (wire.backlogBytes > MOST_BACKLOG_BYTES) this.#refuse('it does not read')
  }

  #took(piece: WebSocketPiece): void {
    switch (piece.kind) {
      case 'content':
        for (const event of this.#streams.take(piece.bytes))
          if (!this.#isOver) this.#happened(event)
        return
      case 'ping':
        return this.#deps.wire.pong(piece.bytes)
      case 'close':
        return this.close(piece.code === 1005 ? CLOSE_CODES.normal : piece.code, piece.reason)
      case 'violation':
        return this.#refuse(piece.reason)
    }
  }

  #happened(event: TunnelEvent): void {
    if (event.kind === 'violation') return this.#refuse(event.reason)
    const { stream } = event
    if (event.kind === 'opened') return this.#deps.accept(stream)
    const user = this.#users.get(stream)
    this.#forgetIfOver(stream)
    if (event.kind === 'data') user?.received(event.bytes)
    else if (event.kind === 'ended') user?.ended()
    else if (event.kind === 'reset') user?.reset(event.reason)
    else user?.moreRoom()
  }

  #forgetIfOver(stream: number): void {
    if (!this.#streams.isOpen(stream)) this.#users.delete(stream)
  }

  #refuse(reason: string): void {
    this.close(CLOSE_CODES.violation, reason)
  }
}
