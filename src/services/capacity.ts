import type { CapacityPolicy, HostFacts, Machine } from '../core/capacity.ts'
import type { Log } from '../log.ts'
import type { Host } from '../ports/host.ts'
import type { Timers } from '../ports/timers.ts'

export interface CapacityDeps {
  readonly host: Host
  readonly policy: CapacityPolicy
  readonly timers: Timers
  readonly log: Log
}

/** A disk fills in minutes rather than in seconds, and a look at it costs microseconds. */
const EVERY_MS = 5_000
const DEADLINE_MS = 5_000

/**
 * Keeps what the machine has at hand, so that a transaction that admits something need not wait for a
 * disk that hangs.
 */
export function capacityService({ host, policy, timers, log }: CapacityDeps) {
  const stopping = new AbortController()
  let facts: HostFacts | undefined
  let isKnown = true
  let cancel: (() => void) | undefined
  let looking: Promise<void> = Promise.resolve()

  /** What cannot be looked at stops nobody: tenants are held to their quotas all the same. */
  async function look(): Promise<void> {
    try {
      facts = await host.facts(AbortSignal.any([stopping.signal, AbortSignal.timeout(DEADLINE_MS)]))
      isKnown = true
    } catch (error) {
      if (stopping.signal.aborted) return
      if (isKnown) log('warn', 'Cannot look at the host: it refuses nothing', { error })
      isKnown = false
      facts = undefined
    }
  }

  async function lookAndWait(): Promise<void> {
    await look()
    if (stopping.signal.aborted) return
    cancel = timers.after(EVERY_MS, () => {
      looking = lookAndWait()
    })
  }

  return {
    machine: (): Machine | undefined => facts && { facts, policy },
    start: lookAndWait,
    async stop(): Promise<void> {
      stopping.abort()
      cancel?.()
      await looking
    },
  }
}
