import { sql } from 'drizzle-orm'
import { check, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** What may be run without a pull. */
export const images = sqliteTable(
  'images',
  {
    /** null: every tenant may run it. */
    tenantId: text('tenant_id').references(() => tenants.id),
    reference: text('reference').notNull(),
    imageId: text('image_id').notNull(),
    addedAt: integer('added_at').notNull(),
  },
  (t) => [
    uniqueIndex('images_of_tenant').on(t.tenantId, t.reference),
    uniqueIndex('images_shared')
      .on(t.reference)
      .where(sql`tenant_id IS NULL`),
  ],
)

/** What the engine has because the platform fetched it: this alone is ever taken from it again. */
export const fetchedImages = sqliteTable(
  'fetched_images',
  {
    imageId: text('image_id').notNull(),
    reference: text('reference').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.imageId, t.reference] }),
    check('image_id_is_digest', sql`image_id GLOB 'sha256:*'`),
  ],
)
