import type { IngressLimits } from './limits.ts'

/** A request that waits until its app can be asked. `retry` makes it choose and connect anew. */
export interface Waiter {
  retry(): void
}

interface Held {
  readonly waiters: Set<Waiter>
  /** The next pause between two tries. */
  pauseMs: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/**
 * Requests held for apps that are starting. One of them at a time tries to connect, so that a
 * hundred waiting requests do not hammer a process that is busy with coming up; the first that gets
 * through lets all of them go. Who waits only for a new table does not try at all until it comes.
 */
export class Holds {
  readonly #limits: IngressLimits
  readonly #apps = new Map<string, Held>()
  #count = 0

  constructor(limits: IngressLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#count
  }

  /** False: too many wait already. `byTime`: also try again after a pause, not only on news. */
  add(app: string, waiter: Waiter, byTime: boolean): boolean {
    const held = this.#apps.get(app) ?? {
      waiters: new Set(),
      pauseMs: this.#limits.holdRetryFirstMs,
      timer: undefined,
    }
    if (this.#count >= this.#limits.held || held.waiters.size >= this.#limits.heldPerApp) {
      return false
    }
    held.waiters.add(waiter)
    this.#count += 1
    this.#apps.set(app, held)
    if (byTime) this.#schedule(app, held)
    return true
  }

  remove(app: string, waiter: Waiter): void {
    const held = this.#apps.get(app)
    if (held === undefined || !held.waiters.delete(waiter)) return
    this.#count -= 1
    if (held.waiters.size === 0 && held.timer === undefined) this.#apps.delete(app)
  }

  /** A member of the app has taken a connection: everybody may go. */
  release(app: string): void {
    const held = this.#apps.get(app)
    if (held === undefined) return
    clearTimeout(held.timer)
    this.#apps.delete(app)
    this.#count -= held.waiters.size
    for (const waiter of held.waiters) waiter.retry()
  }

  /**
   * A new table or new health. Who waits for just that chooses anew; of those who wait for a process
   * to listen one tries at once.
   */
  news(): void {
    // Of a copy, since whoever has to wait on comes in again.
    const present = Array.from(this.#apps)
    for (const [app, held] of present) {
      if (held.timer === undefined) {
        this.release(app)
      } else {
        clearTimeout(held.timer)
        this.#tick(app, held)
      }
    }
  }

  #schedule(app: string, held: Held): void {
    if (held.timer !== undefined) return
    held.timer = setTimeout(() => this.#tick(app, held), held.pauseMs)
    held.pauseMs = Math.min(held.pauseMs * 2, this.#limits.holdRetryLastMs)
  }

  /** The timer goes on while anybody waits, so nothing depends on how one try ends. */
  #tick(app: string, held: Held): void {
    held.timer = undefined
    const [first] = held.waiters
    if (first === undefined) {
      this.#apps.delete(app)
      return
    }
    this.#schedule(app, held)
    this.remove(app, first)
    first.retry()
  }
}
