import { and, eq } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { names } from '../schema.ts'

export type NameRow = typeof names.$inferSelect

export const nameQueries = (db: Executor) => ({
  async owner(tenantId: string, name: string): Promise<NameRow | undefined> {
    const [row] = await db
      .select()
      .from(names)
      .where(and(eq(names.tenantId, tenantId), eq(names.name, name)))
    return row
  },

  async claim(row: NameRow): Promise<void> {
    await db.insert(names).values(row)
  },

  /** Frees every name of a resource. */
  async release(resourceId: string): Promise<void> {
    await db.delete(names).where(eq(names.resourceId, resourceId))
  },
})
