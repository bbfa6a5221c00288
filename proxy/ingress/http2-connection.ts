import { randomBytes } from 'node:crypto'
import { performServerHandshake } from 'node:http2'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { http2RequestHead } from '../core/http2-request.ts'
import { HTTP_LIMITS } from '../core/http-parse.ts'
import type { Connection, IngressContext } from './context.ts'
import { ForwardedLines } from './forwarded-lines.ts'
import { Http2Stream } from './http2-stream.ts'
import { securityOf } from './peer.ts'

/** What the streams of a connection have in common. */
export interface Http2Peer {
  readonly peer: string
  readonly serverName: string | null
  readonly forwarded: ForwardedLines
}

/**
 * As Envoy advises for an edge, but for resets: a page that is left while it loads makes hundreds of them,
 * and what costs us are the streams that run.
 */
const OPTIONS = {
  maxSessionMemory: 4,
  maxHeaderListPairs: HTTP_LIMITS.fields + 5,
  maxSendHeaderBlockLength: HTTP_LIMITS.responseHeadBytes * 2,
  maxOutstandingPings: 4,
  maxSettings: 32,
  streamResetBurst: 2000,
  streamResetRate: 200,
  settings: {
    maxConcurrentStreams: 128,
    initialWindowSize: 256 * 1024,
    maxHeaderListSize: HTTP_LIMITS.requestHeadBytes,
    enableConnectProtocol: true,
  },
}
/** All streams together; a single upload must not be held to what one of many may have. */
const CONNECTION_WINDOW_BYTES = 1024 * 1024

/** A connection of HTTP/2: its streams are the clients. */
export class Http2Connection implements Connection {
  readonly #context: IngressContext
  readonly #session: ServerHttp2Session
  readonly #streams = new Set<Http2Stream>()
  readonly #peer: Http2Peer
  #idleSinceMs: number

  constructor(context: IngressContext, socket: Socket) {
    this.#context = context
    this.#idleSinceMs = context.now()
    const peer = context.senders.peerOf(socket)
    const { isSecure, serverName } = securityOf(socket)
    const scheme = isSecure ? 'https' : 'http'
    const trusted = context.senders.trustedBy(peer)
    const forwarded = new ForwardedLines({ peer, scheme, isHttp2: true, trusted })
    this.#peer = { peer, serverName, forwarded }
    socket.setNoDelay(true)
    const session = performServerHandshake(socket, OPTIONS)
    this.#session = session
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    session.on('stream', (...[stream, , , raw]: StreamEvent) => this.#begin(stream, raw))
    // Every error is followed by `close`, which is where it is handled.
    session.on('error', () => undefined)
    session.on('close', () => this.#closed())
  }

  drain(): void {
    if (!this.#session.closed) this.#session.close()
  }

  cut(): void {
    this.#session.destroy()
  }

  sweep(nowMs: number): void {
    for (const stream of this.#streams) stream.sweep(nowMs)
    const isIdle = this.#streams.size === 0 && !this.#session.closed
    if (isIdle && nowMs - this.#idleSinceMs > this.#context.limits.idleMs) this.#session.close()
    else if (this.#session.closed && this.#streams.size === 0) this.#sweepClosing(nowMs)
  }

  /** A client that was told of the end and does not close. */
  #sweepClosing(nowMs: number): void {
    const { idleMs, lingerMs } = this.#context.limits
    if (nowMs - this.#idleSinceMs > idleMs + lingerMs) this.#session.destroy()
  }

  #begin(stream: ServerHttp2Stream, raw: readonly string[]): void {
    const context = this.#context
    // Every error is followed by `close`, which is where it is handled.
    stream.on('error', () => undefined)
    context.counters.requests += 1
    const isWhole = stream.endAfterHeaders
    const handshakeKey = randomBytes(16).toString('base64')
    const head = http2RequestHead({ raw, isWhole, handshakeKey })
    const client = new Http2Stream(context, { ...this.#peer, stream })
    this.#streams.add(client)
    stream.once('aborted', () => client.closed())
    stream.once('close', () => {
      this.#streams.delete(client)
      this.#idleSinceMs = context.now()
      client.closed()
    })
    client.ask(head)
  }

  #closed(): void {
    for (const stream of this.#streams) stream.closed()
    this.#streams.clear()
    this.#context.forget(this)
  }
}

type StreamEvent = [
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  raw: string[],
]
