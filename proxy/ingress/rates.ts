import { addressGroup } from '../../src/core/address-group.ts'
import { bucketsOf } from '../../src/core/token-bucket.ts'
import type { RouteRules } from '../core/route-rules.ts'

/** As many clients are remembered. */
const CLIENTS_MOST = 50_000

/** How often clients ask routes that have a rate: a token bucket for each route and address, at each worker. */
export class Rates {
  readonly #now: () => number
  readonly #buckets = bucketsOf(CLIENTS_MOST)
  /** A request that was let in once is not counted again when it is tried anew. */
  readonly #admitted = new WeakSet<object>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes a token for a request; answers after how many seconds there is one, 0: it was taken. */
  take({ id, policy: { rate } }: RouteRules, peer: string, request: object): number {
    if (rate === undefined || this.#admitted.has(request)) return 0
    const key = `${id} ${addressGroup(peer)}`
    const { isTaken, retryAfterSeconds } = this.#buckets.take(key, rate, this.#now())
    if (!isTaken) return retryAfterSeconds
    this.#admitted.add(request)
    return 0
  }
}
