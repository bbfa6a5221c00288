import type { Socket } from 'node:net'
import { isLoopback } from '../core/dns-address.ts'
import type { Connection } from './context.ts'
import type { IngressLimits } from './limits.ts'
import type { Senders } from './senders.ts'
import { Shares } from './shares.ts'

/**
 * All open connections, and who of all clients has how many of them. They are counted from the moment they
 * are there: a handshake that never ends takes as much as a connection.
 */
export class Clients implements Iterable<Connection> {
  readonly #all = new Set<Connection>()
  readonly #most: number
  readonly #addresses: Shares
  readonly #senders: Senders
  #open = 0

  constructor({ connections, connectionsPerAddress }: IngressLimits, senders: Senders) {
    this.#most = connections
    this.#addresses = new Shares(connectionsPerAddress)
    this.#senders = senders
  }

  /** Those that speak HTTP by now, or have to say first for whom they are. */
  get size(): number {
    return this.#all.size
  }

  /** Counts a connection until it closes; false: there is no room for it. */
  admit(socket: Socket): boolean {
    return this.#open < this.#most && this.admitFrom(socket) && this.admitUnknown(socket)
  }

  /** The same for one of which it is not known yet whose it is; `admitFrom` is to follow. */
  admitUnknown(socket: Socket): boolean {
    if (this.#open >= this.#most) return false
    this.#open += 1
    socket.once('close', () => (this.#open -= 1))
    return true
  }

  /** Counts it for its address alone. */
  admitFrom(socket: Socket): boolean {
    const peer = this.#senders.peerOf(socket)
    // Behind this host (a proxy, or the far end of an SSH tunnel) and behind a proxy in front there are others.
    if (isLoopback(peer) || this.#senders.trustedBy(peer) !== null) return true
    if (!this.#addresses.take(peer)) return false
    socket.once('close', () => this.#addresses.give(peer))
    return true
  }

  add(connection: Connection): void {
    this.#all.add(connection)
  }

  delete(connection: Connection): void {
    this.#all.delete(connection)
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#all.values()
  }
}
