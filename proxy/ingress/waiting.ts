import type { Trouble } from '../core/http-page.ts'
import type { App } from '../core/routing.ts'
import type { Asking } from './balancer.ts'
import type { IngressContext } from './context.ts'
import type { Waiter } from './holds.ts'
import type { Queued, Ticket } from './queues.ts'
import * as troubles from './troubles.ts'

/** The request that waits. */
type Waits = Waiter & Queued & Asking & { readonly host: string }

/** What a request waits for, and how long it has: its app to come up, or a member with room for it. */
export class Waiting {
  readonly #context: IngressContext
  readonly #request: Waits
  #heldAtMs = 0
  #heldUnder = ''
  #ticket: Ticket | null = null

  constructor(context: IngressContext, request: Waits) {
    this.#context = context
    this.#request = request
  }

  /** For the app to come up; what is answered says why it is of no use. `byTime`: not only for news. */
  hold(app: App | undefined, byTime: boolean): Trouble | null {
    const { host } = this.#request
    const nowMs = this.#context.now()
    if (this.#heldAtMs === 0) this.#heldAtMs = nowMs
    if (nowMs - this.#heldAtMs > this.#context.limits.holdMs) return troubles.stillStarting(host)
    this.#heldUnder = app?.key ?? host
    const hasRoom = this.#context.holds.add(this.#heldUnder, this.#request, byTime)
    return hasRoom ? null : troubles.tooBusy(host)
  }

  /** Since all members have as much to do as they may. Who waits already keeps its place. */
  queue({ key }: App): Trouble | null {
    if (this.#request.isQueued && this.#ticket?.app === key) return null
    this.#ticket = this.#context.balancer.wait(key, this.#request, this.#ticket)
    return this.#ticket === null ? troubles.tooBusy(this.#request.host) : null
  }

  /** Null: there is time left. */
  late(nowMs: number): Trouble | null {
    const { host, isQueued } = this.#request
    if (isQueued) return nowMs > (this.#ticket?.dueMs ?? 0) ? troubles.allBusy(host) : null
    const { holdMs } = this.#context.limits
    return nowMs - this.#heldAtMs > holdMs ? troubles.stillStarting(host) : null
  }

  leave(): void {
    this.#context.holds.remove(this.#heldUnder, this.#request)
    this.#ticket?.leave()
  }
}
