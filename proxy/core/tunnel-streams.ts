import {
  creditFrame,
  dataHead,
  FrameReader,
  MOST_DATA_BYTES,
  MOST_STREAM,
  plainFrame,
  resetFrame,
  type Frame,
} from './tunnel-frames.ts'
import { FIRST_WINDOW_BYTES, ReceiveWindow, type WindowPool } from './tunnel-window.ts'

/**
 * The streams of one end of a tunnel, as a machine without sockets: what comes in becomes events, what
 * is asked for becomes frames. A side sends no more than it was given credit for, and gives credit for
 * what it has passed on, so the memory of a tunnel is bounded by its windows, whoever is slow.
 */

/** Credit on record: a peer that gives more is not one of ours. */
const MOST_CREDIT_BYTES = 2 ** 31

export interface TunnelStreamsDeps {
  /** The client alone opens streams. */
  readonly role: 'client' | 'server'
  readonly mostStreams: number
  readonly pool: WindowPool
  /** Takes a frame, or the head of one and its content. */
  readonly write: (head: Buffer, content?: Buffer) => void
}

export type TunnelEvent =
  | { readonly kind: 'opened' | 'ended' | 'credit'; readonly stream: number }
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Buffer }
  | { readonly kind: 'reset'; readonly stream: number; readonly reason: string }
  /** The peer does not speak the protocol: the tunnel is to be closed. */
  | { readonly kind: 'violation'; readonly reason: string }

interface Stream {
  readonly window: ReceiveWindow
  credit: number
  hasEnded: boolean
  isPeerDone: boolean
}

type FrameOfStream = Extract<Frame, { kind: 'credit' | 'data' | 'end' | 'reset' }>

export class TunnelStreams {
  readonly #deps: TunnelStreamsDeps
  readonly #frames = new FrameReader()
  readonly #open = new Map<number, Stream>()
  #last = 0

  constructor(deps: TunnelStreamsDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#open.size
  }

  isOpen(stream: number): boolean {
    return this.#open.has(stream)
  }

  /** Answers the id of a new stream; undefined where there are too many already. */
  open(): number | undefined {
    if (this.#open.size >= this.#deps.mostStreams || this.#last === MOST_STREAM) return undefined
    const stream = this.#add(this.#last + 1)
    this.#deps.write(plainFrame('open', stream))
    return stream
  }

  /** So many bytes may be sent now. */
  creditOf(stream: number): number {
    const found = this.#open.get(stream)
    return found === undefined || found.hasEnded ? 0 : found.credit
  }

  /** Sends what fits into the credit; answers how many bytes that were. */
  send(stream: number, bytes: Buffer): number {
    const found = this.#open.get(stream)
    const count = Math.min(this.creditOf(stream), bytes.length)
    if (found === undefined || count === 0) return 0
    found.credit -= count
    for (let at = 0; at < count; at += MOST_DATA_BYTES) {
      const part = bytes.subarray(at, Math.min(count, at + MOST_DATA_BYTES))
      this.#deps.write(dataHead(stream, part.length), part)
    }
    return count
  }

  /** Nothing more will be sent; what comes from the other side still does. */
  end(stream: number): void {
    const found = this.#open.get(stream)
    if (found === undefined || found.hasEnded) return
    found.hasEnded = true
    this.#deps.write(plainFrame('end', stream))
    if (found.isPeerDone) this.#remove(stream)
  }

  reset(stream: number, reason: string): void {
    if (!this.#open.has(stream)) return
    this.#remove(stream)
    this.#deps.write(resetFrame(stream, reason))
  }

  /** So many bytes that came have been passed on: their place is free. */
  consumed(stream: number, count: number): void {
    const found = this.#open.get(stream)
    if (found === undefined || found.isPeerDone) return
    const grant = found.window.consumed(count)
    if (grant > 0) this.#deps.write(creditFrame(stream, grant))
  }

  ping(): void {
    this.#deps.write(plainFrame('ping', 0))
  }

  /** Buffer from the peer, cut in whatever way. After a violation nothing more is to be given to it. */
  take(bytes: Buffer): TunnelEvent[] {
    return this.#frames.read(bytes).flatMap((frame) => this.#took(frame))
  }

  /** Gives back what its windows hold of the pool. */
  close(): void {
    for (const stream of this.#open.keys()) this.#remove(stream)
  }

  #took(frame: Frame): TunnelEvent[] {
    if (frame.kind === 'violation') return [frame]
    if (frame.kind === 'ping') {
      this.#deps.write(plainFrame('pong', 0))
      return []
    }
    if (frame.kind === 'pong') return []
    if (frame.kind === 'open') return this.#peerOpened(frame.stream)
    const found = this.#open.get(frame.stream)
    if (found !== undefined) return this.#tookOf(found, frame)
    // It was on its way when this side ended the stream.
    return frame.stream <= this.#last ? [] : [violation('it names a stream that nobody opened')]
  }

  #tookOf(found: Stream, frame: FrameOfStream): TunnelEvent[] {
    const { stream } = frame
    if (frame.kind === 'reset') {
      this.#remove(stream)
      return [frame]
    }
    if (frame.kind === 'credit') {
      found.credit += frame.amount
      if (found.credit > MOST_CREDIT_BYTES) return [violation('it gives too much credit')]
      return [{ kind: 'credit', stream } as const]
    }
    if (found.isPeerDone) return [violation('it sends more after the end of a stream')]
    if (frame.kind === 'data') {
      if (!found.window.took(frame.bytes.length)) {
        return [violation('it sends more than it has credit for')]
      }
      return [frame]
    }
    found.isPeerDone = true
    if (found.hasEnded) this.#remove(stream)
    return [{ kind: 'ended', stream } as const]
  }

  #peerOpened(stream: number): TunnelEvent[] {
    if (this.#deps.role === 'client') return [violation('a server opens no streams')]
    if (stream <= this.#last) return [violation('it opens a stream a second time')]
    this.#add(stream)
    if (this.#open.size > this.#deps.mostStreams) {
      this.reset(stream, 'too many connections at a time')
      return []
    }
    return [{ kind: 'opened', stream }]
  }

  #add(stream: number): number {
    this.#last = stream
    this.#open.set(stream, {
      window: new ReceiveWindow(this.#deps.pool),
      credit: FIRST_WINDOW_BYTES,
      hasEnded: false,
      isPeerDone: false,
    })
    return stream
  }

  #remove(stream: number): void {
    this.#open.get(stream)?.window.close()
    this.#open.delete(stream)
  }
}

const violation = (reason: string): TunnelEvent => ({ kind: 'violation', reason })
