import type { Store } from '../../db/open.ts'
import { keptSince } from '../core/quota.ts'
import type { Clock } from '../ports/clock.ts'

const DAY_SECONDS = 24 * 60 * 60
const DAY_MS = DAY_SECONDS * 1000
/** Long enough to look up what became of a change over a weekend. */
const OPERATIONS_KEPT_MS = 7 * DAY_MS
/** Of one tenant: who changes something every second has the last hours. */
const MOST_OPERATIONS = 10_000
/** By these rows a container that outlived its own is known; nothing is on its way for so long. */
const CONTAINERS_KEPT_MS = 30 * DAY_MS
/** Far longer than an address rests. */
const ADDRESSES_KEPT_MS = DAY_MS
/** Who reads an old entry of the audit log finds the key that it names so long after its end. */
const KEYS_KEPT_MS = 90 * DAY_MS
/** Of all events that are kept, what one tenant's may be. */
const TENANT_SHARE = 1 / 10

export interface HistoryDeps {
  readonly store: Store
  readonly clock: Clock
  /** Events go when either is exceeded, or the retention that is a limit of the tenant or the platform. */
  readonly eventsKept: { readonly most: number; readonly days: number }
}

/** Forgets what nobody asks for any more, so that the database does not grow for ever. */
export function historyService({ store, clock, eventsKept }: HistoryDeps) {
  return {
    async sweep(): Promise<void> {
      const now = clock.now().getTime()
      const { most, days } = eventsKept
      await store.write(async (q) => {
        await q.operations.pruneEnded(now - OPERATIONS_KEPT_MS)
        await q.operations.pruneEndedBeyond(MOST_OPERATIONS)
        await q.addresses.pruneReleased(now - ADDRESSES_KEPT_MS)
        await q.containers.pruneRemoved(now - CONTAINERS_KEPT_MS)
        await q.peerings.pruneOffers(now)
        await q.domains.pruneLapsed(now)
        await q.keys.pruneEnded(now - KEYS_KEPT_MS)
        const mostOfTenant = Math.ceil(most * TENANT_SHARE)
        const ofTenants = await q.limits.ofEachTenant('eventRetentionSeconds')
        for (const [id, seconds] of ofTenants) {
          await q.events.pruneOfTenant(id, keptSince(now, [seconds]))
        }
        const { eventRetentionSeconds } = await q.limits.ofPlatform()
        const before = keptSince(now, [days * DAY_SECONDS, eventRetentionSeconds])
        await q.events.prune({ before, most, mostOfTenant })
      })
    },
  }
}
