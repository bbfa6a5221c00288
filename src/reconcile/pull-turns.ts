/** So many pulls at once: they share the host's line and its disk. */
const MOST = 8
/** So many of one tenant, so that its slow registries hold up itself alone. */
const MOST_OF_TENANT = 2

interface Waiting {
  readonly tenantId: string
  readonly begin: () => void
}

/** Lets pulls begin in the order in which they were asked for, each tenant with its share. */
export function pullTurns(most = MOST, mostOfTenant = MOST_OF_TENANT) {
  const queue: Waiting[] = []
  const running = new Map<string, number>()
  const of = (tenantId: string): number => running.get(tenantId) ?? 0
  const sum = (): number => [...running.values()].reduce((total, one) => total + one, 0)

  function next(): void {
    if (sum() >= most) return
    const at = queue.findIndex(({ tenantId }) => of(tenantId) < mostOfTenant)
    const [first] = at < 0 ? [] : queue.splice(at, 1)
    if (!first) return
    running.set(first.tenantId, of(first.tenantId) + 1)
    first.begin()
    next()
  }

  function end(tenantId: string): void {
    const left = of(tenantId) - 1
    if (left > 0) running.set(tenantId, left)
    else running.delete(tenantId)
    next()
  }

  function turn(tenantId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const waiting = { tenantId, begin }
      function begin(): void {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      function giveUp(): void {
        queue.splice(queue.indexOf(waiting), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      queue.push(waiting)
      next()
    })
  }

  /** Does `work` when it is the tenant's turn; rejects when the signal ends before that. */
  return async <T>(tenantId: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    await turn(tenantId, signal)
    try {
      return await work()
    } finally {
      end(tenantId)
    }
  }
}
