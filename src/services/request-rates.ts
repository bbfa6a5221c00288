import type { Store } from '../../db/open.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'

interface RateDeps {
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly log: Log
}

interface Known {
  readonly perSecond: number | null
  readonly readAtMs: number
}

/** A limit that was changed holds after this long. */
const FRESH_MS = 2_000
/** Of tenants that ask at the same time; who was not seen for longest is looked up again. */
const MOST_KNOWN = 10_000

/**
 * How many requests a second a tenant may send. Every request asks, and must not wait for the answer: it is
 * from memory, and looked up again behind the request's back.
 */
export function requestRates({ store, clock, log }: RateDeps) {
  const known = new Map<string, Known>()

  function keep(tenantId: string, perSecond: number | null): void {
    known.delete(tenantId)
    known.set(tenantId, { perSecond, readAtMs: clock.now().getTime() })
    if (known.size <= MOST_KNOWN) return
    const [oldest = ''] = known.keys()
    known.delete(oldest)
  }

  async function look(tenantId: string): Promise<void> {
    const own = await store.read.limits.ofTenants([tenantId])
    keep(tenantId, own.get(tenantId)?.requestsPerSecond ?? null)
  }

  return (tenantId: string): number | null => {
    const last = known.get(tenantId)
    if (last && clock.now().getTime() - last.readAtMs < FRESH_MS) return last.perSecond
    const perSecond = last?.perSecond ?? null
    // Marked as read, so that it is looked up once, however many ask meanwhile.
    keep(tenantId, perSecond)
    look(tenantId).catch((error: unknown) => log('warn', 'Cannot read a limit', { error }))
    return perSecond
  }
}
