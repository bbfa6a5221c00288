import { turns } from '../core/turns.ts'

/** So many pulls at once: they share the host's line and its disk. */
const MOST = 8
/** So many of one tenant, so that its slow registries hold up itself alone. */
const MOST_OF_TENANT = 2

/** Lets pulls begin in the order in which they were asked for, each tenant with its share. */
export function pullTurns(most = MOST, mostOfTenant = MOST_OF_TENANT) {
  const queue = turns(most, mostOfTenant)

  /** Does `work` when it is the tenant's turn; rejects when the signal ends before that. */
  return <T>(tenantId: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const leave = queue.enter(tenantId, async () => {
        signal.removeEventListener('abort', giveUp)
        await work().then(resolve, reject)
      })
      function giveUp(): void {
        leave()
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
    })
}
