import { ipAddress } from '../../src/core/ip-address.ts'
import type { RouteRules } from '../core/route-rules.ts'

interface Bucket {
  tokens: number
  atMs: number
}

/** As many clients are remembered; whoever has not asked for longest is forgotten first. */
const CLIENTS_MOST = 50_000

/** How often clients ask routes that have a rate: a token bucket for each route and address, at each worker. */
export class Rates {
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()
  /** A request that was let in once is not counted again when it is tried anew. */
  readonly #admitted = new WeakSet<object>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes a token for a request; answers after how many seconds there is one, 0: it was taken. */
  take({ id, policy: { rate } }: RouteRules, peer: string, request: object): number {
    if (rate === undefined || this.#admitted.has(request)) return 0
    const key = `${id} ${clientOf(peer)}`
    const nowMs = this.#now()
    const { tokens, atMs } = this.#buckets.get(key) ?? { tokens: rate.burst, atMs: nowMs }
    const passed = (Math.max(0, nowMs - atMs) / 1000) * rate.perSecond
    const have = Math.min(rate.burst, tokens + passed)
    const left = have < 1 ? have : have - 1
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: left, atMs: nowMs })
    if (this.#buckets.size > CLIENTS_MOST) this.#forgetOne()
    if (have < 1) return Math.ceil((1 - have) / rate.perSecond)
    this.#admitted.add(request)
    return 0
  }

  #forgetOne(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key)
      return
    }
  }
}

/** Of IPv6 the first 64 bits: the rest is as many addresses as a client likes (RFC 4291 §2.5.4). */
function clientOf(peer: string): string {
  const address = peer.includes(':') ? ipAddress(peer) : null
  return address === null ? peer : address.slice(0, 4).join(':')
}
