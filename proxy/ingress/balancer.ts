import assert from 'node:assert/strict'
import { hashOfText, picked, type Crowd } from '../core/balance.ts'
import { namedField } from '../core/http-fields.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { Balance } from '../core/route.ts'
import type { Member } from '../core/route-table.ts'
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
  /** Parts of a full share, as the route has them; null: all have the same. */
  readonly weights: readonly number[] | null
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
  /** Since the last table, and before that: whoever is asked no more is forgotten. */
  #turns = new Map<string, number>()
  #earlierTurns = new Map<string, number>()

  constructor(deps: BalancerDeps) {
    this.#deps = deps
    const freed = (app: string): boolean => this.#queues.freed(app)
    this.#backends = new Backends({ ...deps, ejections: this.#ejections, freed })
  }

  /** Requests that wait for a member with room for them. */
  get queued(): number {
    return this.#queues.count
  }

  /** The members of a new table. */
  update(members: readonly Member[]): void {
    this.#backends.update(members)
    this.#earlierTurns = this.#turns
    this.#turns = new Map()
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
    const turn = this.#turnOf(app.key)
    const lot = this.#lotOf(app, members)
    const isPlain = lot.weights === null && isInTurn(balance)
    if (isPlain && !this.#isAnyEjected()) return this.#inTurn(lot, turn)
    const most = this.#mostOf(balance)
    if (!asking.isQueued && this.#queues.hasBefore(app.key, most)) return null
    const crowd = new PresentCrowd(lot, { balance, most, nowMs: this.#deps.now() })
    const key = balance.kind === 'hash' ? keyOf(asking) : 0
    const place = picked(balance.kind, crowd, { turn, key, random: Math.random })
    if (place >= 0) return this.#from(lot, place, crowd)
    for (const backend of lot.backends) backend.isWaitedForBy(app.key)
    return null
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

  #turnOf(key: string): number {
    const turn = this.#turns.get(key) ?? this.#earlierTurns.get(key) ?? 0
    // Wraps where a small integer would become a slow one.
    this.#turns.set(key, (turn + 1) % 0x3fffffff)
    return turn
  }

  #lotOf({ weights }: App, members: readonly Member[]): Lot {
    const known = this.#lots.get(members)
    if (known !== undefined) return known
    const there = members.filter((member) => this.#backends.of(member) !== undefined)
    const lot: Lot = {
      backends: there.flatMap((member) => this.#backends.of(member) ?? []),
      weights: weights === undefined ? null : there.map((member) => weights.get(member) ?? 1),
      orders: [],
    }
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

const isInTurn = ({ kind, maxRequests, slowStartMs }: Balance): boolean =>
  kind === 'round-robin' && maxRequests === undefined && slowStartMs === undefined

interface Rules {
  readonly balance: Balance
  readonly most: number
  readonly nowMs: number
}

/** The members as they are now. Ejected ones do not count as long as there are others. */
class PresentCrowd implements Crowd {
  readonly size: number
  readonly #lot: Lot
  readonly #rules: Rules
  readonly #areAllEjected: boolean

  constructor(lot: Lot, rules: Rules) {
    this.size = lot.backends.length
    this.#lot = lot
    this.#rules = rules
    this.#areAllEjected = lot.backends.every((one) => one.isEjectedAt(rules.nowMs))
  }

  load(place: number): number {
    return this.isAble(place) ? this.#at(place).inFlight : Infinity
  }

  weight(place: number): number {
    const { balance, nowMs } = this.#rules
    const { slowStartMs } = balance
    const share = this.#lot.weights?.[place] ?? 1
    return slowStartMs === undefined ? share : share * this.#at(place).weight(nowMs, slowStartMs)
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
    const backend = this.#lot.backends[place]
    assert.ok(backend)
    return backend
  }
}
