import { and, asc, desc, eq, gt, gte, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { tenants } from '../schema.ts'

export type TenantRow = typeof tenants.$inferSelect
type TenantPatch = Partial<Pick<TenantRow, 'policy' | 'exceptionsJson' | 'runtime'>>
type TenantLife = Partial<Pick<TenantRow, 'suspendedAt' | 'suspendReason' | 'deletingAt'>>

interface TenantPage {
  readonly after?: string | undefined
  readonly limit: number
}

export const tenantQueries = (db: Executor) => ({
  ...single(db),

  async allLive(): Promise<TenantRow[]> {
    return db.select().from(tenants).where(isNull(tenants.deletedAt))
  },

  /** Living tenants by slug, those after `after`. */
  async list({ after, limit }: TenantPage): Promise<TenantRow[]> {
    return db
      .select()
      .from(tenants)
      .where(
        and(isNull(tenants.deletedAt), after === undefined ? undefined : gt(tenants.slug, after)),
      )
      .orderBy(asc(tenants.slug))
      .limit(limit)
  },

  async liveSlugs(): Promise<string[]> {
    const rows = await db
      .select({ slug: tenants.slug })
      .from(tenants)
      .where(isNull(tenants.deletedAt))
    return rows.map(({ slug }) => slug)
  },

  /** When a tenant of that slug was deleted last. */
  async lastDeletion(slug: string): Promise<number | undefined> {
    const [row] = await db
      .select({ at: tenants.deletedAt })
      .from(tenants)
      .where(and(eq(tenants.slug, slug), isNotNull(tenants.deletedAt)))
      .orderBy(desc(tenants.deletedAt))
      .limit(1)
    return row?.at ?? undefined
  },

  async insert(row: typeof tenants.$inferInsert): Promise<void> {
    await db.insert(tenants).values(row)
  },

  async update(id: string, patch: TenantPatch): Promise<void> {
    // An update that sets nothing is not SQL.
    if (Object.keys(patch).length === 0) return
    await db.update(tenants).set(patch).where(eq(tenants.id, id))
  },

  /** Its containers are shown with it: whoever reads one sees the change. */
  async changeLife(id: string, life: TenantLife): Promise<void> {
    await db.update(tenants).set(life).where(eq(tenants.id, id))
  },

  async markDeleted(id: string, at: number): Promise<void> {
    await db.update(tenants).set({ deletedAt: at }).where(eq(tenants.id, id))
  },
})

const single = (db: Executor) => ({
  /** The living tenant of that slug. */
  async bySlug(slug: string): Promise<TenantRow | undefined> {
    const [row] = await db
      .select()
      .from(tenants)
      .where(and(eq(tenants.slug, slug), isNull(tenants.deletedAt)))
    return row
  },

  /** The tenant of that id, living or not. */
  async byId(id: string): Promise<TenantRow | undefined> {
    const [row] = await db.select().from(tenants).where(eq(tenants.id, id))
    return row
  },

  /** All whose ids begin so, living or not. */
  async byIdStart(start: string): Promise<TenantRow[]> {
    return db
      .select()
      .from(tenants)
      .where(and(gte(tenants.id, start), lt(tenants.id, `${start}\u{10ffff}`)))
  },
})
