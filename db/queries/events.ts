import { and, desc, eq, lt } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { events } from '../schema.ts'

export type EventRow = typeof events.$inferSelect

export interface EventPage {
  /** Without it the events of the whole platform. */
  readonly tenantId?: string | undefined
  readonly before?: number | undefined
  readonly limit: number
}

export const eventQueries = (db: Executor) => ({
  async insert(row: Omit<EventRow, 'seq'>): Promise<EventRow> {
    const [made] = await db.insert(events).values(row).returning()
    if (!made) throw new Error('An event was inserted, and not answered')
    return made
  },

  /** The newest first. */
  async list({ tenantId, before, limit }: EventPage): Promise<EventRow[]> {
    return db
      .select()
      .from(events)
      .where(
        and(
          tenantId === undefined ? undefined : eq(events.tenantId, tenantId),
          before === undefined ? undefined : lt(events.seq, before),
        ),
      )
      .orderBy(desc(events.seq))
      .limit(limit)
  },
})
