import type { Log } from '../log.ts'
import type { Timers } from '../ports/timers.ts'
import { within } from './deadline.ts'

export interface LoopDeps {
  /** Brings one thing closer to what is wanted; answers in how many ms to look again, if it must. */
  readonly reconcile: (id: string, signal: AbortSignal, turn: Turn) => Promise<number | undefined>
  readonly timers: Timers
  readonly log: Log
  /** How many things are worked on at once: what the engine is burdened with. */
  readonly concurrency: number
  /** No single pass may take longer; a pull is the longest. */
  readonly deadlineMs: number
}

/**
 * Waits for something slow, such as a pull, without being counted among those that are worked on: else
 * a few registries that hang would hold up everybody. `woken` is called when the one that waits is
 * woken meanwhile, since what it waits for may no longer be wanted.
 */
export type Aside = <T>(slow: Promise<T>, woken: () => void) => Promise<T>

/** What a pass has of the loop while it is its turn. */
export interface Turn {
  readonly aside: Aside
  /** The loop stops: after the step that is being done there is to be no other. */
  readonly isEnding: () => boolean
}

interface Pass {
  again: boolean
  woken: (() => void) | undefined
  readonly done: Promise<void>
}

export interface ReconcileLoop {
  /** Looks at this one as soon as may be. While it is being worked on, it is looked at once more after. */
  readonly wake: (id: string) => void
  /**
   * Takes no more, lets each pass come to the end of its step, for which it has `graceMs`, and aborts what
   * is left, and what waits for something slow; resolves when nothing moves. What is not done goes on at the
   * next start.
   */
  stop(graceMs?: number): Promise<void>
  /** What failed until now is held against nobody, such as while the engine was away. */
  readonly forgive: () => void
  idle(): boolean
}

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000
/** An engine that is away for a moment is nothing to warn of. */
const FAILURES_UNREMARKABLE = 3

/** Works on many things at once, on each alone, and comes back to those that failed, later and later. */
export function reconcileLoop(deps: LoopDeps): ReconcileLoop {
  const queue = new Set<string>()
  const busy = new Map<string, Pass>()
  const alarms = alarmClock(deps.timers, (id) => wake(id))
  const stopping = new AbortController()
  const patience = attempts(deps, stopping.signal)
  const atWork = workCount(deps.timers)
  let isEnding = false

  function wake(id: string): void {
    if (isEnding) return
    const working = busy.get(id)
    if (working) {
      working.again = true
      working.woken?.()
    } else queue.add(id)
    next()
  }

  function next(): void {
    for (const id of queue) {
      if (atWork.count() >= deps.concurrency) return
      queue.delete(id)
      alarms.cancel(id)
      atWork.more()
      busy.set(id, { again: false, woken: undefined, done: work(id) })
    }
  }

  async function work(id: string): Promise<void> {
    // One turn later, so that `busy` has its entry before anything can end.
    await Promise.resolve()
    const turn: Turn = { aside: (...slow) => aside(id, ...slow), isEnding: () => isEnding }
    const againMs = await patience.attempt(id, turn)
    const again = busy.get(id)?.again === true
    busy.delete(id)
    atWork.less()
    if (again) wake(id)
    else if (againMs !== undefined && !isEnding) alarms.set(id, againMs)
    next()
  }

  async function aside<T>(id: string, slow: Promise<T>, woken: () => void): Promise<T> {
    const waiting = busy.get(id)
    if (waiting) waiting.woken = woken
    atWork.less()
    next()
    try {
      return await slow
    } finally {
      atWork.more()
      if (waiting) waiting.woken = undefined
    }
  }

  return {
    wake,
    forgive: patience.forgive,
    idle: () => busy.size === 0 && queue.size === 0,
    async stop(graceMs = 0) {
      isEnding = true
      queue.clear()
      alarms.clear()
      if (graceMs > 0) await atWork.over(graceMs)
      stopping.abort()
      await Promise.all([...busy.values()].map(({ done }) => done))
    },
  }
}

/** How many passes are at work, not counting those that wait aside. */
function workCount(timers: Timers) {
  let count = 0
  let isOver: (() => void) | undefined
  return {
    count: () => count,
    more: () => void count++,
    less(): void {
      count--
      if (count === 0) isOver?.()
    },
    /** Resolves when none is left, or the time is over. */
    async over(ms: number): Promise<void> {
      if (count === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      isOver = resolve
      const cancel = timers.after(ms, resolve)
      await promise
      cancel()
    },
  }
}

/** One pass of one thing; answers in how many ms the next is due. What fails is left alone longer each time. */
function attempts({ reconcile, timers, log, deadlineMs: ms }: LoopDeps, stopping: AbortSignal) {
  const failures = new Map<string, number>()
  async function attempt(id: string, turn: Turn): Promise<number | undefined> {
    try {
      const again = await within({ timers, ms, signal: stopping }, (signal) =>
        reconcile(id, signal, turn),
      )
      failures.delete(id)
      return again
    } catch (error) {
      if (stopping.aborted) return undefined
      const times = (failures.get(id) ?? 0) + 1
      failures.set(id, times)
      const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10))
      const level = times > FAILURES_UNREMARKABLE ? 'warn' : 'info'
      log(level, 'Cannot reconcile, will try again', { id, waitMs, error })
      return waitMs
    }
  }
  return { attempt, forgive: (): void => failures.clear() }
}

/** At most one alarm each. */
function alarmClock(timers: Timers, ring: (id: string) => void) {
  const alarms = new Map<string, () => void>()
  function cancel(id: string): void {
    alarms.get(id)?.()
    alarms.delete(id)
  }
  return {
    cancel,
    set(id: string, ms: number): void {
      cancel(id)
      const off = timers.after(ms, () => {
        alarms.delete(id)
        ring(id)
      })
      alarms.set(id, off)
    },
    clear(): void {
      for (const id of alarms.keys()) cancel(id)
    },
  }
}
