import assert from 'node:assert/strict'
import { hashOfText, picked, type Crowd } from '../core/balance.ts'
import { namedField } from '../core/http-fields.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { Balance } from '../core/route.ts'
import type { Member } from '../core/route-table.ts'
import { appKey } from '../core/routing.ts'
import type { App } from '../core/routing.ts'
import type { Backend } from './backend.ts'
import { Backends } from './backends.ts'
import type { Counters } from './context.ts'
import type { IngressLimits } from './limits.ts'
import { Queues } from './queues.ts'
import type { Queued, Ticket } from './queues.ts'

export interface BalancerDeps {
  readonly limits: IngressLimits
  readonly counters: Counters
  readonly now: () => number
  /** Processes that share one port and know nothing of each other: one where nothing is said. */
  readonly workers?: number
}

/** A request for which a member is chosen. */
export interface Asking {
  readonly balance: Balance
  /** It stands in the queue already, and it is its turn. */
  readonly isQueued: boolean
  readonly head: RequestHead
  /** The client's address. */
  readonly peer: string
}

/** Members that may be asked, until the next news. */
interface Lot {
  readonly backends: readonly Backend[]
  /** Who is asked, in which order, from each place on: made when it is needed first, and then the same. */
  readonly orders: (readonly Backend[])[]
}

/** Says which member is asked first, and which ones after it where connections fail. */
export class Balancer {
  readonly #deps: BalancerDeps
  readonly #queues = new Queues()
  readonly #ejections = { untilMs: 0 }
  readonly #backends: Backends
  readonly #lots = new WeakMap<readonly Member[], Lot>()
  readonly #turns = new Map<string, number>()

  constructor(deps: BalancerDeps) {
    this.#deps = deps
    const freed = (app: string): void => this.#queues.freed(app)
    this.#backends = new Backends({ ...deps, ejections: this.#ejections, freed })
  }

  /** Requests that wait for a member with room for them. */
  get queued(): number {
    return this.#queues.count
  }

  /** The members of a new table; what is kept of apps that are no more is forgotten. */
  update(members: readonly Member[]): void {
    this.#backends.update(members)
    const apps = new Set(members.map(appKey))
    for (const key of this.#turns.keys()) if (!apps.has(key)) this.#turns.delete(key)
  }

  /** After any news: what the health checks say by now, and whoever waits tries again. */
  news(isHealthy: (member: Member) => boolean): void {
    this.#backends.updateHealth(isHealthy)
    this.#queues.news()
  }

  sweep(nowMs: number): void {
    this.#backends.sweep(nowMs)
    // A share that has grown by time alone is nobody's news.
    this.#queues.news()
  }

  /** How many requests and tunnels each member has, by its id. */
  inFlight(): ReadonlyMap<string, number> {
    return this.#backends.inFlight()
  }

  close(): void {
    this.#backends.close()
  }

  /** Null: all of them have as much to do as they may, or others have waited for longer. */
  order(app: App, members: readonly Member[], asking: Asking): readonly Backend[] | null {
    const { balance } = asking
    const turn = this.#turns.get(app.key) ?? 0
    // Wraps where a small integer would become a slow one.
    this.#turns.set(app.key, (turn + 1) % 0x3fffffff)
    const lot = this.#lotOf(members)
    if (isPlain(balance) && !this.#isAnyEjected()) return this.#inTurn(lot, turn)
    const most = this.#mostOf(balance)
    if (!asking.isQueued && this.#queues.hasBefore(app.key, most)) return null
    const crowd = new PresentCrowd(lot.backends, { balance, most, nowMs: this.#deps.now() })
    const key = balance.kind === 'hash' ? keyOf(asking) : 0
    const place = picked(balance.kind, crowd, { turn, key, random: Math.random })
    return place < 0 ? null : this.#from(lot, place, crowd)
  }

  /** For whom `order` has nobody. Null: too many wait for the app already. */
  wait(app: string, asking: Asking & Queued, before: Ticket | null): Ticket | null {
    const { balance } = asking
    const { limits, now } = this.#deps
    const dueMs = before?.dueMs ?? now() + (balance.queueMs ?? limits.queueMs)
    before?.leave()
    const room = balance.queue ?? limits.queuedPerApp
    return this.#queues.enter(app, asking, { most: this.#mostOf(balance), room, dueMs })
  }

  /** Its limit leaves the member no room for one more. */
  isFull(backend: Backend, balance: Balance): boolean {
    return backend.inFlight >= this.#mostOf(balance)
  }

  /**
   * This worker's part of what a member works on at once, rounded up: no worker is left without any. So all
   * together may ask for as many too much as there are workers, less one.
   */
  #mostOf({ maxRequests }: Balance): number {
    return maxRequests === undefined ? Infinity : Math.ceil(maxRequests / (this.#deps.workers ?? 1))
  }

  #isAnyEjected(): boolean {
    const { untilMs } = this.#ejections
    return untilMs > 0 && untilMs > this.#deps.now()
  }

  #lotOf(members: readonly Member[]): Lot {
    const known = this.#lots.get(members)
    if (known !== undefined) return known
    const backends = members.flatMap((member) => this.#backends.of(member) ?? [])
    const lot: Lot = { backends, orders: [] }
    this.#lots.set(members, lot)
    return lot
  }

  #inTurn(lot: Lot, turn: number): readonly Backend[] {
    const place = turn % lot.backends.length
    return (lot.orders[place] ??= this.#from(lot, place, null))
  }

  /** As many as one request tries: first those that may well answer, then those that fail all the time. */
  #from({ backends }: Lot, first: number, crowd: PresentCrowd | null): readonly Backend[] {
    const order: Backend[] = []
    const { tries } = this.#deps.limits
    for (const isLast of crowd === null ? [false] : [false, true]) {
      for (let step = 0; step < backends.length && order.length < tries; step += 1) {
        const place = (first + step) % backends.length
        const backend = backends[place]
        const isAsked = crowd === null || (isLast ? crowd.isLast(place) : crowd.isAble(place))
        if (backend !== undefined && isAsked) order.push(backend)
      }
    }
    return order
  }
}

/** Without the field it is the client's address. */
function keyOf({ balance, head, peer }: Asking): number {
  const { on = 'address' } = balance
  const value = on === 'address' ? '' : namedField(head.bytes, head.fields, on)
  return hashOfText(value === '' ? peer : value)
}

const isPlain = ({ kind, maxRequests, slowStartMs }: Balance): boolean =>
  kind === 'round-robin' && maxRequests === undefined && slowStartMs === undefined

interface Rules {
  readonly balance: Balance
  readonly most: number
  readonly nowMs: number
}

/** The members as they are now. Ejected ones do not count as long as there are others. */
class PresentCrowd implements Crowd {
  readonly size: number
  readonly #backends: readonly Backend[]
  readonly #rules: Rules
  readonly #areAllEjected: boolean

  constructor(backends: readonly Backend[], rules: Rules) {
    this.size = backends.length
    this.#backends = backends
    this.#rules = rules
    this.#areAllEjected = backends.every((one) => one.isEjectedAt(rules.nowMs))
  }

  load(place: number): number {
    return this.isAble(place) ? this.#at(place).inFlight : Infinity
  }

  weight(place: number): number {
    const { balance, nowMs } = this.#rules
    const { slowStartMs } = balance
    return slowStartMs === undefined ? 1 : this.#at(place).weight(nowMs, slowStartMs)
  }

  hash(place: number): number {
    return this.#at(place).hash
  }

  isAble(place: number): boolean {
    return this.#hasRoom(place) && (this.#areAllEjected || !this.#isEjected(place))
  }

  /** Asked where everybody else has failed. */
  isLast(place: number): boolean {
    return this.#hasRoom(place) && !this.#areAllEjected && this.#isEjected(place)
  }

  #hasRoom(place: number): boolean {
    return this.#at(place).inFlight < this.#rules.most
  }

  #isEjected(place: number): boolean {
    return this.#at(place).isEjectedAt(this.#rules.nowMs)
  }

  #at(place: number): Backend {
    const backend = this.#backends[place]
    assert.ok(backend)
    return backend
  }
}
