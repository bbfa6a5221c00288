interface Bound {
  readonly most: number
  readonly inMs: number
}

/** Counts what happens in each stretch of time; answers what was left out before, once there is room again. */
export function allowance(bounds: readonly Bound[]) {
  const stretches = bounds.map(({ most, inMs }) => ({ most, inMs, at: -1, taken: 0 }))
  let uncounted = 0
  return (now: number): 'none' | { readonly uncounted: number } => {
    for (const stretch of stretches) {
      const current = Math.floor(now / stretch.inMs)
      if (current !== stretch.at) [stretch.at, stretch.taken] = [current, 0]
    }
    if (stretches.some(({ taken, most }) => taken >= most)) {
      uncounted++
      return 'none'
    }
    for (const stretch of stretches) stretch.taken++
    const before = uncounted
    uncounted = 0
    return { uncounted: before }
  }
}
