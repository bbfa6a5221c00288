import { and, asc, desc, eq, gt, inArray, isNotNull, lt, lte, or, sql, type SQL } from 'drizzle-orm'
import { levelsFrom, type EventFilter } from '../../src/core/event-filter.ts'
import type { Executor } from '../open.ts'
import { events } from '../schema.ts'

export type EventRow = typeof events.$inferSelect

export interface EventQuery {
  /** Without it the events of the whole platform. */
  readonly tenantId?: string | undefined
  readonly filter: EventFilter
  /** Only those after this one. */
  readonly since?: number | undefined
  readonly limit: number
}

interface Stretch extends Omit<EventQuery, 'filter' | 'limit'> {
  readonly before: number | undefined
  readonly most: number
}

interface Kept {
  readonly before: number
  readonly most: number
  readonly mostOfTenant: number
}

export const eventQueries = (db: Executor) => ({
  async insert(row: Omit<EventRow, 'seq'>): Promise<EventRow> {
    const [made] = await db.insert(events).values(row).returning()
    if (!made) throw new Error('An event was inserted, and not answered')
    return made
  },

  /** The newest first. */
  async list(asked: EventQuery & { readonly before?: number | undefined }): Promise<EventRow[]> {
    const { before, limit } = asked
    const older = before === undefined ? undefined : lt(events.seq, before)
    return db
      .select()
      .from(events)
      .where(and(wanted(asked), older))
      .orderBy(desc(events.seq))
      .limit(limit)
  },

  /** The first that is not looked at, going back from `before` over so many. */
  async beyond({ tenantId, since, before, most }: Stretch): Promise<number | undefined> {
    const older = before === undefined ? undefined : lt(events.seq, before)
    const [row] = await db
      .select({ seq: events.seq })
      .from(events)
      .where(and(wanted({ tenantId, since, filter: {} }), older))
      .orderBy(desc(events.seq))
      .limit(1)
      .offset(most)
    return row?.seq
  },

  /** In the order in which they happened. */
  async replay(asked: EventQuery): Promise<EventRow[]> {
    return db.select().from(events).where(wanted(asked)).orderBy(asc(events.seq)).limit(asked.limit)
  },

  /**
   * Forgets what is older than a moment, and beyond so many the oldest: first those of tenants that have
   * more than their share, so that one of them cannot push out what others are told.
   */
  async prune({ before, most, mostOfTenant }: Kept): Promise<void> {
    const place = sql<number>`row_number() OVER (PARTITION BY ${events.tenantId} ORDER BY ${events.seq} DESC)`
    const placed = db
      .select({ seq: events.seq, place: place.as('place') })
      .from(events)
      .where(isNotNull(events.tenantId))
      .as('placed')
    const tooMany = db
      .select({ seq: placed.seq })
      .from(placed)
      .where(gt(placed.place, mostOfTenant))
    await db.delete(events).where(inArray(events.seq, tooMany))
    const [last] = await db
      .select({ seq: events.seq })
      .from(events)
      .orderBy(desc(events.seq))
      .limit(1)
      .offset(most)
    const surplus = last ? lte(events.seq, last.seq) : undefined
    await db.delete(events).where(or(lt(events.time, before), surplus))
  },

  async pruneOfTenant(tenantId: string, before: number): Promise<void> {
    await db.delete(events).where(and(eq(events.tenantId, tenantId), lt(events.time, before)))
  },
})

function wanted({ tenantId, since, filter }: Omit<EventQuery, 'limit'>): SQL | undefined {
  const { level, action, target } = filter
  return and(
    tenantId === undefined ? undefined : eq(events.tenantId, tenantId),
    since === undefined ? undefined : gt(events.seq, since),
    level && inArray(events.level, levelsFrom(level)),
    // Not LIKE, which has characters of its own and takes capitals for small letters.
    action === undefined
      ? undefined
      : sql`substr(${events.action}, 1, length(${action})) = ${action}`,
    target === undefined
      ? undefined
      : or(eq(events.targetId, target), eq(events.targetName, target)),
  )
}
