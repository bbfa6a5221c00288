import type { Timers } from '../ports/timers.ts'

export interface Limits {
  readonly timers: Timers
  readonly ms: number
  /** Ends it earlier. */
  readonly signal: AbortSignal
}

/** Gives work a signal that ends with the caller's, or when the time is over. Time is the timers' own. */
export async function within<T>(
  { timers, ms, signal }: Limits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const cancel = timers.after(ms, () => late.abort(new Error(`It takes longer than ${ms} ms`)))
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } finally {
    cancel()
  }
}
