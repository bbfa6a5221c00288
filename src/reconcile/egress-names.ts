import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { OutsideNames } from '../ports/outside-names.ts'
import type { Timers } from '../ports/timers.ts'
import { within } from './deadline.ts'

export interface EgressNamesDeps {
  readonly outside: OutsideNames
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}

interface Known {
  /** When each address was last among the answers, oldest first. */
  readonly seen: Map<string, number>
  dueMs: number
}

const LEAST_MS = 30_000
const MOST_MS = 300_000
/** After a failure it is tried again soon, and what was known holds. */
const RETRY_MS = 10_000
/** An address that is answered no more holds for so long: somebody may just have been told it. */
const KEPT_MS = 60_000
const MOST_ADDRESSES = 16
const LOOK_MS = 1_000
const DEADLINE_MS = 5_000
const UNENDED = new AbortController().signal

/**
 * Addresses of the names that networks let their containers reach. The packet filter and the DNS responder are both
 * given them, so that what a container is told is what it can reach.
 */
export function egressNames({ outside, clock, timers, log }: EgressNamesDeps) {
  const known = new Map<string, Known>()
  let told: (() => void) | undefined
  let isLooking = false

  const now = (): number => clock.now().getTime()

  async function refresh(name: string, one: Known): Promise<void> {
    // Until it is over nobody begins it again.
    one.dueMs = Infinity
    try {
      const found = await within({ timers, ms: DEADLINE_MS, signal: UNENDED }, (signal) =>
        outside.resolve(name, signal),
      )
      const ttlMs = Math.min(MOST_MS, ...found.map(({ ttlSeconds }) => ttlSeconds * 1000))
      one.dueMs = now() + Math.max(LEAST_MS, ttlMs)
      const addresses = found.slice(0, MOST_ADDRESSES).map(({ address }) => address)
      if (taken(one, addresses)) told?.()
    } catch (error) {
      one.dueMs = now() + RETRY_MS
      log('warn', 'Cannot resolve a name that a network lets its containers reach', { name, error })
    }
  }

  /** Answers whether that is anything new. */
  function taken({ seen }: Known, addresses: readonly string[]): boolean {
    const before = [...seen.keys()].toSorted().join()
    for (const address of addresses) {
      seen.delete(address)
      seen.set(address, now())
    }
    for (const [address, atMs] of seen) {
      if (now() - atMs > KEPT_MS || seen.size > MOST_ADDRESSES) seen.delete(address)
    }
    return [...seen.keys()].toSorted().join() !== before
  }

  function look(): void {
    for (const [name, one] of known) if (one.dueMs <= now()) void refresh(name, one)
    isLooking = known.size > 0
    if (isLooking) timers.after(LOOK_MS, look)
  }

  return {
    /** Told when any has other addresses than before. */
    onChange(listener: () => void): void {
      told = listener
    },

    /** Those that are wanted from now on: others are forgotten. */
    want(names: ReadonlySet<string>): void {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
      for (const name of names) {
        if (!known.has(name)) known.set(name, { seen: new Map(), dueMs: 0 })
      }
      if (!isLooking && known.size > 0) look()
    },

    addressesOf: (name: string): readonly string[] =>
      [...(known.get(name)?.seen.keys() ?? [])].toSorted(),
  }
}
export type EgressNames = ReturnType<typeof egressNames>
