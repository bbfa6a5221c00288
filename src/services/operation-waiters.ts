/** Each is a request that is held open. */
const MOST = 10_000

/** Those who wait for the end of an operation. */
export function operationWaiters() {
  const waiters = new Map<string, Set<() => void>>()
  let waiting = 0

  return {
    /** How many wait. */
    count: (): number => waiting,

    /** Tells those who wait for it that the operation has ended, which must be readable by now. */
    tell(id: string): void {
      for (const tell of waiters.get(id) ?? []) tell()
    },

    /** `told` resolves when the operation ends, or the deadline comes; `leave` waits no longer. */
    join(id: string, deadline: AbortSignal): { readonly told: Promise<void>; leave(): void } {
      if (waiting >= MOST) throw new Error('Too many callers wait for operations')
      const { promise: told, resolve } = Promise.withResolvers<void>()
      const those = waiters.get(id) ?? new Set()
      waiters.set(id, those)
      waiting++
      const leave = (): void => {
        if (those.delete(leave)) waiting--
        if (those.size === 0 && waiters.get(id) === those) waiters.delete(id)
        deadline.removeEventListener('abort', leave)
        resolve()
      }
      those.add(leave)
      deadline.addEventListener('abort', leave)
      if (deadline.aborted) leave()
      return { told, leave }
    },
  }
}
