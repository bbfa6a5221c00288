import type { Clock } from '../../src/ports/clock.ts'
import type { Timers } from '../../src/ports/timers.ts'

/** A moment at which all tests begin. */
export const START = Date.parse('2026-01-02T03:04:05.000Z')

/** Time that stands still until somebody moves it. Whatever waits for it is woken on the way. */
export class HandTime implements Timers, Clock {
  readonly #alarms = new Set<{ readonly dueMs: number; readonly run: () => void }>()
  #nowMs = START

  // Passed on as a bare function, too.
  now = (): Date => new Date(this.#nowMs)

  after = (ms: number, run: () => void): (() => void) => {
    const alarm = { dueMs: this.#nowMs + ms, run }
    this.#alarms.add(alarm)
    return () => void this.#alarms.delete(alarm)
  }

  /** How many alarms are set. */
  get waiting(): number {
    return this.#alarms.size
  }

  /** In how many ms the next alarm rings; undefined: none is set. */
  get nextInMs(): number | undefined {
    const next = this.#next(Infinity)
    return next && Math.max(0, next.dueMs - this.#nowMs)
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.#alarms.delete(next)
      next.run()
    }
    this.#nowMs = endMs
  }

  #next(endMs: number) {
    const due = [...this.#alarms].filter(({ dueMs }) => dueMs <= endMs)
    return due.toSorted((a, b) => a.dueMs - b.dueMs)[0]
  }
}
