import { and, asc, eq } from 'drizzle-orm'
import type { AlarmSubject } from '../../src/core/alarm.ts'
import type { Executor } from '../open.ts'
import { alarms } from '../schema-platform.ts'

export type AlarmRow = typeof alarms.$inferSelect

export const alarmQueries = (db: Executor) => ({
  /** Those that are raised, the oldest first. */
  async all(): Promise<AlarmRow[]> {
    return db.select().from(alarms).orderBy(asc(alarms.raisedAt))
  },

  async raise(row: AlarmRow): Promise<void> {
    await db.insert(alarms).values(row)
  },

  async clear({ kind, targetId, part }: AlarmSubject): Promise<void> {
    await db
      .delete(alarms)
      .where(and(eq(alarms.kind, kind), eq(alarms.targetId, targetId), eq(alarms.part, part)))
  },
})
