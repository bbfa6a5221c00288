import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { IngressContext } from './context.ts'
import type { UpstreamUser } from './upstream.ts'

interface Ends {
  /** A connection, or a stream of one. */
  readonly client: Duplex
  readonly upstream: Socket
  /** Called once, when both ends are closed or given up. */
  readonly over: () => void
}

/** After 101: bytes both ways, each side as fast as the other takes them, each half closed alone. */
export class Tunnel implements UpstreamUser {
  readonly #context: IngressContext
  readonly #client: Duplex
  readonly #upstream: Socket
  readonly #over: () => void
  #progressAtMs: number
  #isClosed = false

  constructor(context: IngressContext, { client, upstream, over }: Ends) {
    this.#context = context
    this.#client = client
    this.#upstream = upstream
    this.#over = over
    this.#progressAtMs = context.now()
    context.counters.tunnels += 1
  }

  fromClient(bytes: Buffer): void {
    this.#moved()
    if (!this.#upstream.write(bytes)) this.#client.pause()
  }

  clientDrained(): void {
    this.#moved()
    this.#upstream.resume()
  }

  clientEnded(): void {
    this.#upstream.end()
  }

  /** The client's connection is gone. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#context.counters.tunnels -= 1
    this.#upstream.destroy()
    this.#over()
  }

  received(bytes: Buffer): void {
    this.#moved()
    // A copy, since the bytes are only lent.
    if (bytes.length > 0 && !this.#client.write(Buffer.from(bytes))) this.#upstream.pause()
  }

  drained(): void {
    this.#moved()
    this.#client.resume()
  }

  ended(): void {
    this.#client.end()
  }

  lost(): void {
    // `close` follows an orderly end of both halves as well; then the client has its end already.
    if (!this.#client.writableEnded) this.#client.destroy()
    else if (this.#client.writableFinished) this.#client.destroy()
    else this.#client.once('finish', () => this.#client.destroy())
  }

  connected(): void {
    // It was, before it became a tunnel.
  }

  connectFailed(): void {
    this.lost()
  }

  sweep(nowMs: number): void {
    const { tunnelIdleMs, writeStallMs } = this.#context.limits
    const isFull = this.#client.writableNeedDrain || this.#upstream.writableNeedDrain
    if (nowMs - this.#progressAtMs > (isFull ? writeStallMs : tunnelIdleMs)) this.#client.destroy()
  }

  #moved(): void {
    this.#progressAtMs = this.#context.now()
  }
}
