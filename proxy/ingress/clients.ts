import type { Socket } from 'node:net'
import type { Connection } from './context.ts'
import type { IngressLimits } from './limits.ts'
import { peerOf } from './peer.ts'
import { Shares } from './shares.ts'

/**
 * All open connections, and who of all clients has how many of them. They are counted from the moment they
 * are there: a handshake that never ends takes as much as a connection.
 */
export class Clients implements Iterable<Connection> {
  readonly #all = new Set<Connection>()
  readonly #most: number
  readonly #addresses: Shares
  #open = 0

  constructor({ connections, connectionsPerAddress }: IngressLimits) {
    this.#most = connections
    this.#addresses = new Shares(connectionsPerAddress)
  }

  /** Those that speak HTTP by now. */
  get size(): number {
    return this.#all.size
  }

  /** Counts a connection until it closes; false: there is no room for it. */
  admit(socket: Socket): boolean {
    const peer = peerOf(socket)
    const isCounted = !isLoopback(peer)
    if (this.#open >= this.#most || (isCounted && !this.#addresses.take(peer))) return false
    this.#open += 1
    socket.once('close', () => {
      this.#open -= 1
      if (isCounted) this.#addresses.give(peer)
    })
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

/** This host, behind which others may be: a proxy, or the far end of an SSH tunnel. */
const isLoopback = (peer: string): boolean => peer.startsWith('127.') || peer === '::1'
