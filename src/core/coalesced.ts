/**
 * Makes one call of many that come at once: those that come while one is on its way share the next, since the
 * first may have looked too early for them.
 */
export function coalesced<T>(work: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined
  let next: Promise<T> | undefined
  return function call(): Promise<T> {
    if (!current) {
      current = work().finally(() => (current = undefined))
      return current
    }
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return call()
      })
    return next
  }
}
