import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { readProxyHeader } from '../core/proxy-header.ts'
import type { Connection, IngressContext } from './context.ts'

const NOTHING = Buffer.alloc(0)

/** A connection whose first bytes are to say for whom it is, before any of HTTP or TLS. */
export class AwaitedHeader implements Connection {
  readonly #context: IngressContext
  readonly #socket: Socket
  readonly #sinceMs: number
  #bytes: Buffer = NOTHING

  /** `said` is called once, with a socket that has been read no further than the header. */
  constructor(context: IngressContext, socket: Socket, said: (source: string | null) => void) {
    this.#context = context
    this.#socket = socket
    this.#sinceMs = context.now()
    const received = (bytes: Buffer): void => {
      const all = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
      this.#bytes = all
      const header = readProxyHeader(all)
      if (header.kind === 'incomplete') return
      if (header.kind === 'refused') return this.#refuse(header.reason)
      socket.off('data', received)
      socket.off('end', ended)
      socket.pause()
      if (header.end < all.length) socket.unshift(all.subarray(header.end))
      context.forget(this)
      said(header.source)
    }
    const ended = (): void => this.#refuse('it ends too early')
    socket.on('data', received)
    socket.on('end', ended)
    // Every error is followed by `close`.
    socket.on('error', () => undefined)
    socket.on('close', () => context.forget(this))
  }

  drain(): void {
    this.#socket.destroy()
  }

  cut(): void {
    this.#socket.destroy()
  }

  sweep(nowMs: number): void {
    if (nowMs - this.#sinceMs > this.#context.limits.proxyHeaderMs) this.#refuse('it does not come')
  }

  #refuse(reason: string): void {
    const { remoteAddress: from } = this.#socket
    this.#context.log('debug', 'A header of the PROXY protocol is refused', { from, reason })
    this.#context.counters.refused += 1
    this.#socket.destroy()
  }
}
