import type { Queries, Store } from '../../db/open.ts'
import type { EventRow } from '../../db/queries/events.ts'
import type { CloudEvent } from '../contract/events.ts'
import type { EventFilter } from '../core/event-filter.ts'
import type { NewEvent } from '../core/event.ts'
import { failure, type Failure } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import { eventFeed, type EventFeed, type Wanted } from './event-feed.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface EventDeps {
  readonly store: Store
  readonly clock: Clock
}

interface Page extends EventFilter {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly since?: number | undefined
}

interface Asked extends EventFilter {
  readonly since?: number | undefined
}

export interface Following {
  readonly signal: AbortSignal
  /** Ends what the reader has opened, with that as the last it hears. */
  readonly end: (reason: Failure) => void
}

/** How many events one page looks at. A filter that fits few must not read the whole table at once. */
const LOOKED_AT = 10_000
const LONGEST_MESSAGE = 1000
const LONGEST_DETAILS = 4000
/** Events that are read from the table at once for one who was away. */
const REPLAYED_AT_ONCE = 200

/** What happened: written with what it tells of, and read by whom it concerns. */
export function eventService({ store, clock }: EventDeps) {
  const feed = eventFeed()

  /**
   * Belongs into the transaction of what it tells of: either both are written, or neither. Readers are
   * told when it is committed.
   */
  async function record(q: Queries, event: NewEvent): Promise<void> {
    const { tenantId, target } = event
    const tenant = tenantId === null ? undefined : await q.tenants.byId(tenantId)
    const row = await q.events.insert({
      time: clock.now().getTime(),
      tenantId,
      tenant: tenant?.slug ?? null,
      level: event.level,
      action: event.action,
      targetKind: target.kind,
      targetId: target.id,
      targetName: target.name,
      message: event.message.slice(0, LONGEST_MESSAGE),
      detailsJson: detailsOf(event),
    })
    q.afterCommit(() => feed.push({ tenantId, event: eventOf(row) }))
  }

  async function list(tenantId: string | undefined, { limit, cursor, since, ...filter }: Page) {
    const before = /^\d{1,15}$/.test(cursor ?? '') ? Number(cursor) : undefined
    const beyond = await store.read.events.beyond({ tenantId, since, before, most: LOOKED_AT })
    const search = { tenantId, filter, since: beyond ?? since, before, limit }
    const rows = await store.read.events.list(search)
    const last = rows.length === limit ? rows.at(-1)?.seq : undefined
    // A page that is short may still name a next one.
    const next = last ?? (beyond === undefined ? undefined : beyond + 1)
    return { items: rows.map(eventOf), nextCursor: next === undefined ? null : String(next) }
  }

  const follow = (tenantId: string | undefined, asked: Asked, following: Following) => {
    const { since, ...filter } = asked
    return followed({ store, feed }, { wanted: { tenantId, filter }, since }, following)
  }

  return {
    record,
    list: (page: Page) => list(undefined, page),
    follow: (asked: Asked, following: Following) => follow(undefined, asked, following),
    /** How many follow. */
    readers: (): number => feed.readers(),

    async listOfTenant(slug: string, page: Page) {
      const tenant = await tenantBySlug(store.read, slug)
      return list(tenant.id, page)
    },

    async followTenant(slug: string, asked: Asked, following: Following) {
      const tenant = await tenantBySlug(store.read, slug)
      return follow(tenant.id, asked, following)
    },
  }
}
export type EventService = ReturnType<typeof eventService>

interface Follow {
  readonly wanted: Wanted
  /** Without it: only what is yet to happen. */
  readonly since: number | undefined
}

/** Events as they happen; before them those since a point, from the table as far as memory does not reach. */
async function* followed(
  { store, feed }: { readonly store: Store; readonly feed: EventFeed },
  { wanted, since }: Follow,
  { signal, end }: Following,
): AsyncGenerator<CloudEvent> {
  let place = since ?? feed.lastSeq()
  let isCaughtUp = since === undefined
  while (!isCaughtUp || !feed.covers(place)) {
    signal.throwIfAborted()
    // What is committed by now, the table shows; what comes meanwhile, memory does.
    const known = feed.lastSeq()
    const asked = { ...wanted, since: place, limit: REPLAYED_AT_ONCE }
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const rows = await store.read.events.replay(asked)
    for (const row of rows) yield eventOf(row)
    isCaughtUp = rows.length < REPLAYED_AT_ONCE
    place = Math.max(place, rows.at(-1)?.seq ?? 0, isCaughtUp ? known : 0)
  }
  const reader = feed.join(wanted, place, () => end(tooSlow()))
  const leave = (): void => reader.leave()
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one event after another
      const event = await reader.next()
      if (!event) return
      yield event
    }
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

const tooSlow = (): Failure =>
  failure(
    'reader-too-slow',
    'Cannot go on: events came faster than they were read; connect again with the last "seq" as "since"',
    {},
  )

function detailsOf({ details = {} }: NewEvent): string {
  const json = JSON.stringify(details)
  return json.length > LONGEST_DETAILS ? '{"omitted":true}' : json
}

function eventOf(row: EventRow): CloudEvent {
  const details: Record<string, unknown> = JSON.parse(row.detailsJson)
  return {
    seq: row.seq,
    time: new Date(row.time).toISOString(),
    tenant: row.tenant,
    level: row.level,
    action: row.action,
    target: { kind: row.targetKind, id: row.targetId, name: row.targetName },
    message: row.message,
    details,
  }
}
