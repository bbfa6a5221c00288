import type { Timers } from '../ports/timers.ts'
import { within } from './deadline.ts'
import { enginePass, type PassDeps } from './engine-pass.ts'
import type { OrphanCollector } from './orphan-collector.ts'

export interface ObserverDeps extends PassDeps {
  readonly timers: Timers
  /** Events can be lost, so everything is listed anew this often. */
  readonly lookMs: number
  readonly orphans: Pick<OrphanCollector, 'collect'>
  /** The engine answers for the first time, or again. */
  readonly returned: () => void
}

/** While the engine is away it is asked this often. */
const AWAY_MS = 1_000
/** A stream of events that ends in peace is opened anew, but not in circles. */
const REOPEN_MS = 100
const LIST_DEADLINE_MS = 20_000
/** What is left of the orphans then is for the next pass. */
const COLLECT_DEADLINE_MS = 60_000
const READY_LOOK_MS = 20

/** Keeps `known` in step with the engine, and wakes the reconciler of whatever has changed. */
export function engineObserver(deps: ObserverDeps) {
  const { engine, known, log, timers } = deps
  const stopping = new AbortController()
  const look = enginePass(deps)
  const presence = presenceOf(deps)
  let running: Promise<unknown> = Promise.resolve()

  async function pass(): Promise<void> {
    const view = await within({ timers, ms: LIST_DEADLINE_MS, signal: stopping.signal }, (signal) =>
      look(signal, presence.seen),
    )
    // With a deadline of its own: an engine that is slow to remove is not one that does not answer.
    await within({ timers, ms: COLLECT_DEADLINE_MS, signal: stopping.signal }, (signal) =>
      deps.orphans.collect(view, signal),
    ).catch((error: unknown) => log('warn', 'Cannot collect what no row knows', { error }))
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      const epoch = new AbortController()
      const signal = AbortSignal.any([stopping.signal, epoch.signal])
      try {
        // Listening begins before the list, so that nothing happens between the two unseen.
        const listening = listen(signal)
        listening.catch(() => epoch.abort())
        await pass()
        await Promise.race([listening, passes(signal)])
      } catch (error) {
        if (stopping.signal.aborted) return
        presence.missed(error)
      } finally {
        epoch.abort()
      }
      await pause(timers, presence.isUp() ? REOPEN_MS : AWAY_MS, stopping.signal)
    }
  }

  async function passes(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(timers, deps.lookMs, signal)
      if (!signal.aborted) await pass()
    }
  }

  async function listen(signal: AbortSignal): Promise<void> {
    for await (const event of engine.events(signal)) {
      known.note(event)
      if (event.kind === 'container') deps.wake(event.id)
    }
  }

  const { isUp } = presence
  return {
    isUp,
    /** Resolves once the engine has answered a full list. */
    ready: (signal: AbortSignal): Promise<void> => until(isUp, timers, signal),
    pass,
    start(): void {
      running = watch()
    },
    async stop(): Promise<void> {
      stopping.abort()
      await running
    },
  }
}

/** Whether the engine answers, by what was last heard of it. */
function presenceOf({ log, returned }: Pick<ObserverDeps, 'log' | 'returned'>) {
  let up = false
  return {
    isUp: (): boolean => up,
    seen: (): void => {
      if (up) return
      log('info', 'The engine answers')
      up = true
      returned()
    },
    missed: (error: unknown): void => {
      if (up) log('warn', 'The engine does not answer', { error })
      up = false
    },
  }
}

async function until(so: () => boolean, timers: Timers, signal: AbortSignal): Promise<void> {
  while (!so()) {
    signal.throwIfAborted()
    await pause(timers, READY_LOOK_MS, signal)
  }
}

/** Resolves when the time is over, or the signal ends. */
function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = timers.after(ms, done)
    signal.addEventListener('abort', done)
  })
}
