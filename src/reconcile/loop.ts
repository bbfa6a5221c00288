import type { Log } from '../log.ts'
import type { Timers } from '../ports/timers.ts'

export interface LoopDeps {
  /** Brings one thing closer to what is wanted; answers in how many ms to look again, if it must. */
  readonly reconcile: (id: string, signal: AbortSignal, aside: Aside) => Promise<number | undefined>
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

interface Pass {
  again: boolean
  woken: (() => void) | undefined
  readonly done: Promise<void>
}

export interface ReconcileLoop {
  /** Looks at this one as soon as may be. While it is being worked on, it is looked at once more after. */
  readonly wake: (id: string) => void
  /** Aborts what is under way and takes no more; resolves when nothing moves. */
  stop(): Promise<void>
  idle(): boolean
}

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000

/** Works on many things at once, on each alone, and comes back to those that failed, later and later. */
export function reconcileLoop({
  reconcile,
  timers,
  log,
  concurrency,
  deadlineMs,
}: LoopDeps): ReconcileLoop {
  const queue = new Set<string>()
  const busy = new Map<string, Pass>()
  const alarms = new Map<string, () => void>()
  const failures = new Map<string, number>()
  const stopping = new AbortController()
  let atWork = 0

  function wake(id: string): void {
    if (stopping.signal.aborted) return
    const working = busy.get(id)
    if (working) {
      working.again = true
      working.woken?.()
    } else queue.add(id)
    next()
  }

  function next(): void {
    for (const id of queue) {
      if (atWork >= concurrency) return
      queue.delete(id)
      alarms.get(id)?.()
      alarms.delete(id)
      atWork++
      busy.set(id, { again: false, woken: undefined, done: work(id) })
    }
  }

  async function work(id: string): Promise<void> {
    // One turn later, so that `busy` has its entry before anything can end.
    await Promise.resolve()
    let againMs: number | undefined
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)])
      againMs = await reconcile(id, signal, (slow, woken) => aside(id, slow, woken))
      failures.delete(id)
    } catch (error) {
      if (!stopping.signal.aborted) againMs = retryAfter(id, error)
    }
    const again = busy.get(id)?.again === true
    busy.delete(id)
    atWork--
    if (again) wake(id)
    else if (againMs !== undefined) alarm(id, againMs)
    next()
  }

  async function aside<T>(id: string, slow: Promise<T>, woken: () => void): Promise<T> {
    const pass = busy.get(id)
    if (pass) pass.woken = woken
    atWork--
    next()
    try {
      return await slow
    } finally {
      atWork++
      if (pass) pass.woken = undefined
    }
  }

  function retryAfter(id: string, error: unknown): number {
    const failed = (failures.get(id) ?? 0) + 1
    failures.set(id, failed)
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failed - 1, 10))
    log(failed > 3 ? 'warn' : 'info', 'Cannot reconcile, will try again', { id, waitMs, error })
    return waitMs
  }

  function alarm(id: string, ms: number): void {
    if (stopping.signal.aborted) return
    alarms.get(id)?.()
    alarms.set(
      id,
      timers.after(ms, () => {
        alarms.delete(id)
        wake(id)
      }),
    )
  }

  return {
    wake,
    idle: () => busy.size === 0 && queue.size === 0,
    async stop() {
      stopping.abort()
      queue.clear()
      for (const cancel of alarms.values()) cancel()
      alarms.clear()
      await Promise.all([...busy.values()].map(({ done }) => done))
    },
  }
}
