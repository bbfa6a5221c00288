import {
  and,
  asc,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  max,
  notInArray,
  or,
  sql,
  sum,
  type SQL,
} from 'drizzle-orm'
import type { Amounts } from '../../src/core/quota.ts'
import type { Executor } from '../open.ts'
import { containers } from '../schema.ts'
import { fetchedImages, images } from '../schema-images.ts'

export type ImageRow = typeof images.$inferSelect

export type FetchedImage = typeof fetchedImages.$inferSelect

export const imageQueries = (db: Executor) => ({
  ...amounts(db),
  ...fetched(db),

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

const fetched = (db: Executor) => ({
  async noteFetched(image: FetchedImage): Promise<void> {
    await db.insert(fetchedImages).values(image).onConflictDoNothing()
  },

  async isFetched(imageId: string): Promise<boolean> {
    const [row] = await db
      .select({ imageId: fetchedImages.imageId })
      .from(fetchedImages)
      .where(eq(fetchedImages.imageId, imageId))
      .limit(1)
    return row !== undefined
  },

  async forgetFetched(imageId: string): Promise<void> {
    await db.delete(fetchedImages).where(eq(fetchedImages.imageId, imageId))
  },

  /** Those that no container is made of, and that are not shared with all. */
  async idleFetched(): Promise<FetchedImage[]> {
    return db
      .select()
      .from(fetchedImages)
      .where(
        and(
          notInArray(fetchedImages.imageId, idsInContainers(db)),
          notInArray(fetchedImages.imageId, sharedIds(db)),
        ),
      )
  },

  /** From now on no tenant may run it without a new pull. Answers whether any could. */
  async release(imageId: string): Promise<boolean> {
    const released = await db
      .delete(images)
      .where(and(eq(images.imageId, imageId), isNotNull(images.tenantId)))
      .returning({ reference: images.reference })
    return released.length > 0
  },
})

const idsInContainers = (db: Executor) =>
  db
    .select({ id: containers.imageId })
    .from(containers)
    .where(and(isNull(containers.removedAt), isNotNull(containers.imageId)))

const sharedIds = (db: Executor) =>
  db.select({ id: images.imageId }).from(images).where(isNull(images.tenantId))

const amounts = (db: Executor) => ({
  /** Whether it counts for the tenant already. */
  async isHeld(tenantId: string, imageId: string): Promise<boolean> {
    const [row] = await db
      .select({ id: containers.id })
      .from(containers)
      .where(and(counted, eq(containers.tenantId, tenantId), eq(containers.imageId, imageId)))
      .limit(1)
    return row !== undefined
  },

  /** What the images of each of these tenants take that has any: of its containers that are not gone. */
  async reservedBy(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Amounts>> {
    const held = heldImages(db, inArray(containers.tenantId, [...tenantIds]))
    const rows = await db
      .select({ tenantId: held.tenantId, imageBytes: sum(held.bytes).mapWith(Number) })
      .from(held)
      .groupBy(held.tenantId)
    return new Map(rows.map(({ tenantId, imageBytes }) => [tenantId, { imageBytes }]))
  },

  /**
   * What all tenants together have: an image of two of them counts twice, so that nobody can find out by
   * what is refused whether another has it.
   */
  async reservedByAll(): Promise<Amounts> {
    const held = heldImages(db)
    const [row] = await db.select({ imageBytes: sum(held.bytes).mapWith(Number) }).from(held)
    return { imageBytes: row?.imageBytes ?? 0 }
  },
})

const counted = and(isNull(containers.removedAt), gt(containers.imageBytes, 0))

/** Each image of each tenant once. */
const heldImages = (db: Executor, where?: SQL) =>
  db
    .select({
      tenantId: containers.tenantId,
      bytes: max(containers.imageBytes).as('bytes'),
    })
    .from(containers)
    .where(and(counted, where))
    .groupBy(containers.tenantId, containers.imageId)
    .as('held')

const visibleTo = (tenantId: string) => or(eq(images.tenantId, tenantId), isNull(images.tenantId))
