import { addressGroup } from '../../src/core/address-group.ts'
import type { App } from '../core/routing.ts'

/** How much each of many has of what there is only so much of, so that none has it all. */
export class Shares {
  readonly #most: number
  readonly #taken = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** False: it has as much as it may. */
  take(key: string): boolean {
    const taken = this.#taken.get(key) ?? 0
    if (taken >= this.#most) return false
    this.#taken.set(key, taken + 1)
    return true
  }

  give(key: string): void {
    const taken = this.#taken.get(key) ?? 0
    if (taken > 1) this.#taken.set(key, taken - 1)
    else this.#taken.delete(key)
  }

  /** How many have anything. */
  get size(): number {
    return this.#taken.size
  }
}

interface Shared {
  /** Requests under way, by tenant. */
  readonly tenants: Shares
  /** Those to the platform's API, by the client's address. */
  readonly apiClients: Shares
}

/** What one request has of a tenant's share, or of its client's of the API: once for all its tries. */
export class Share {
  readonly #shared: Shared
  #of: { readonly shares: Shares; readonly key: string } | null = null

  constructor(shared: Shared) {
    this.#shared = shared
  }

  /** False: the tenant, or of the API the client, has as much as it may. */
  take(app: App, peer: string): boolean {
    if (this.#of !== null) return true
    const { tenants, apiClients } = this.#shared
    const isApi = app.front !== undefined
    const of = isApi
      ? { shares: apiClients, key: addressGroup(peer) }
      : { shares: tenants, key: app.tenant }
    if (!of.shares.take(of.key)) return false
    this.#of = of
    return true
  }

  give(): void {
    this.#of?.shares.give(this.#of.key)
    this.#of = null
  }
}
