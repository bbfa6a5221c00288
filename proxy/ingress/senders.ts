import type { Socket } from 'node:net'
import { ipRange, isTextWithin, type IpRange } from '../../src/core/ip-address.ts'
import { peerOf } from './peer.ts'

/** Who stands in front of the ingress and speaks for clients, as ranges of addresses. */
export interface InFront {
  /** From these a connection begins with a header of the PROXY protocol, or is closed. */
  readonly proxyProtocol: readonly string[]
  /** From these X-Forwarded-For and its like are believed. */
  readonly trusted: readonly string[]
}

/** Who is behind a connection: whoever made it, or whom a proxy in front has named. */
export class Senders {
  readonly #trusted: readonly IpRange[]
  readonly #speakers: readonly IpRange[]
  /** By both ends of the connection, since TLS makes another socket of it. */
  readonly #told = new Map<string, string>()

  constructor({ proxyProtocol, trusted }: InFront) {
    this.#speakers = rangesOf(proxyProtocol)
    this.#trusted = rangesOf(trusted)
  }

  /** Whether anybody has to name its clients: if not, no connection is looked at for it. */
  get hasSpeakers(): boolean {
    return this.#speakers.length > 0
  }

  isSpeaker(socket: Socket): boolean {
    return isTextWithin(this.#speakers, peerOf(socket))
  }

  /** Whom a peer may name as those behind it; null: its word on them is not believed. */
  trustedBy(peer: string): readonly IpRange[] | null {
    return this.#trusted.length > 0 && isTextWithin(this.#trusted, peer) ? this.#trusted : null
  }

  /** Notes whom the proxy has named, for as long as the connection lasts. */
  note(socket: Socket, source: string): void {
    const key = endsOf(socket)
    this.#told.set(key, source)
    socket.once('close', () => this.#told.delete(key))
  }

  /** The client's address. */
  peerOf(socket: Socket): string {
    if (this.#told.size === 0) return peerOf(socket)
    return this.#told.get(endsOf(socket)) ?? peerOf(socket)
  }
}

const rangesOf = (texts: readonly string[]): readonly IpRange[] =>
  texts.flatMap((text) => ipRange(text) ?? [])

const endsOf = (socket: Socket): string =>
  `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
