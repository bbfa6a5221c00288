import { and, asc, desc, eq, isNull, or, sql } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { images } from '../schema.ts'

export type ImageRow = typeof images.$inferSelect

export const imageQueries = (db: Executor) => ({
  /** What the tenant may run without a pull: its own, and those shared with all. */
  async list(tenantId: string): Promise<ImageRow[]> {
    return db.select().from(images).where(visibleTo(tenantId)).orderBy(asc(images.reference))
  },

  /** The tenant's own comes before a shared one of the same reference. */
  async byReference(tenantId: string, reference: string): Promise<ImageRow | undefined> {
    const [row] = await db
      .select()
      .from(images)
      .where(and(visibleTo(tenantId), eq(images.reference, reference)))
      // NULL sorts first in SQLite, so descending puts it last.
      .orderBy(desc(images.tenantId))
      .limit(1)
    return row
  },

  /** Records that the tenant (null: everyone) may run the image, under that reference. */
  async put(row: ImageRow): Promise<void> {
    const { imageId, addedAt } = row
    const clash =
      row.tenantId === null
        ? { target: images.reference, targetWhere: sql`tenant_id IS NULL` }
        : { target: [images.tenantId, images.reference] }
    await db
      .insert(images)
      .values(row)
      .onConflictDoUpdate({ ...clash, set: { imageId, addedAt } })
  },

  async remove(tenantId: string, reference: string): Promise<void> {
    await db
      .delete(images)
      .where(and(eq(images.tenantId, tenantId), eq(images.reference, reference)))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(images).where(eq(images.tenantId, tenantId))
  },
})

const visibleTo = (tenantId: string) => or(eq(images.tenantId, tenantId), isNull(images.tenantId))
