import type { Connection } from './context.ts'
import type { IngressLimits } from './limits.ts'
import { Shares } from './shares.ts'

/** All open connections, and who of all clients has how many of them. */
export class Clients implements Iterable<Connection> {
  readonly #all = new Set<Connection>()
  readonly #most: number
  readonly #addresses: Shares

  constructor({ connections, connectionsPerAddress }: IngressLimits) {
    this.#most = connections
    this.#addresses = new Shares(connectionsPerAddress)
  }

  get size(): number {
    return this.#all.size
  }

  /** Counts one more for that address; false: there is no room for it. */
  admit(peer: string): boolean {
    return this.#all.size < this.#most && (isLoopback(peer) || this.#addresses.take(peer))
  }

  /** One that was admitted. */
  add(connection: Connection): void {
    this.#all.add(connection)
  }

  delete(connection: Connection): void {
    const { peer } = connection
    if (this.#all.delete(connection) && !isLoopback(peer)) this.#addresses.give(peer)
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#all.values()
  }
}

/** This host, behind which others may be: a proxy, or the far end of an SSH tunnel. */
const isLoopback = (peer: string): boolean => peer.startsWith('127.') || peer === '::1'
