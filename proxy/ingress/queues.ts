/** A request that waits until a member has room for it. */
export interface Queued {
  /** Tries once more; false: it goes on waiting where it is. */
  admit(): boolean
}

interface Place {
  /** It needs members with fewer requests under way than these. */
  readonly most: number
  /** So many wait at most. */
  readonly room: number
  readonly dueMs: number
}

/** A place in a queue, for whoever does not want it any more. */
export interface Ticket {
  readonly app: string
  /** It has waited in vain from then on. */
  readonly dueMs: number
  leave(): void
}

interface Queue {
  /** In the order in which they came, with what a member may have under way for each of them to go. */
  readonly waiting: Map<Queued, number>
  isServed: boolean
}

/**
 * Requests that wait because all members of their app have as much to do as they may. Each app has a queue of
 * its own, and whoever came first goes first. Routes of one app may have different limits: who waits for a
 * smaller one does not hold up the others.
 */
export class Queues {
  readonly #apps = new Map<string, Queue>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Somebody waits for this app already for whom so many requests under way would be few enough. */
  hasBefore(app: string, most: number): boolean {
    const queue = this.#apps.get(app)
    if (queue === undefined || most === Infinity) return false
    for (const other of queue.waiting.values()) if (other >= most) return true
    return false
  }

  /** Null: so many wait for the app already. */
  enter(app: string, queued: Queued, at: Place): Ticket | null {
    const queue = this.#apps.get(app) ?? { waiting: new Map<Queued, number>(), isServed: false }
    if (queue.waiting.size >= at.room) return null
    queue.waiting.set(queued, at.most)
    this.#apps.set(app, queue)
    this.#count += 1
    return { app, dueMs: at.dueMs, leave: () => this.#leave(app, queue, queued) }
  }

  /**
   * A member of the app has room. Whoever it is for hears of it once the present event is dealt with. False:
   * nobody waits.
   */
  freed(app: string): boolean {
    const queue = this.#apps.get(app)
    if (queue === undefined) return false
    if (queue.isServed) return true
    queue.isServed = true
    queueMicrotask(() => {
      queue.isServed = false
      this.#serve(app, queue)
    })
    return true
  }

  /** Members may have come, or have room for another reason. */
  news(): void {
    for (const app of this.#apps.keys()) this.freed(app)
  }

  #leave(app: string, queue: Queue, queued: Queued): void {
    if (!queue.waiting.delete(queued)) return
    this.#count -= 1
    if (queue.waiting.size === 0 && this.#apps.get(app) === queue) this.#apps.delete(app)
  }

  #serve(app: string, queue: Queue): void {
    // Where there was no room for one, there is none for whoever needs as much of it.
    let needed = 0
    for (const [queued, most] of queue.waiting) {
      if (most > needed) {
        if (queued.admit()) this.#leave(app, queue, queued)
        else needed = most
      }
    }
  }
}
