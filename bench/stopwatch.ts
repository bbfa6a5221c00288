/** Times of one run, by step: each from the end of the one before, and the whole. */
export interface Laps<Step extends string> {
  /** Ends a step: what has passed since the last one, or since the start, is its time. */
  lap(step: Step): void
  readonly times: ReadonlyMap<Step, number>
  totalMs(): number
}

export function stopwatch<Step extends string>(now: () => number): Laps<Step> {
  const startedAt = now()
  const times = new Map<Step, number>()
  let last = startedAt
  return {
    lap(step) {
      const at = now()
      times.set(step, at - last)
      last = at
    },
    times,
    totalMs: () => last - startedAt,
  }
}
