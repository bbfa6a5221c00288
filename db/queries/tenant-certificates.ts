import { and, asc, eq, isNull, lt } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { tenants } from '../schema.ts'
import { tenantCertificates } from '../schema-tenant-certificates.ts'

export type TenantCertificateRow = typeof tenantCertificates.$inferSelect

/** With the slug of the tenant whose it is. */
export interface OwnedCertificate {
  readonly row: TenantCertificateRow
  readonly slug: string
}

export const tenantCertificateQueries = (db: Executor) => ({
  /** Of all tenants, what was put last comes last. */
  async all(): Promise<OwnedCertificate[]> {
    return db
      .select({ row: tenantCertificates, slug: tenants.slug })
      .from(tenantCertificates)
      .innerJoin(tenants, eq(tenants.id, tenantCertificates.tenantId))
      .orderBy(asc(tenantCertificates.updatedAt))
  },

  async list(tenantId: string): Promise<TenantCertificateRow[]> {
    return db
      .select()
      .from(tenantCertificates)
      .where(eq(tenantCertificates.tenantId, tenantId))
      .orderBy(asc(tenantCertificates.name))
  },

  async byName(tenantId: string, name: string): Promise<TenantCertificateRow | undefined> {
    const [row] = await db.select().from(tenantCertificates).where(at(tenantId, name))
    return row
  },

  /** Those that end before then, of which nothing was said yet. */
  async ending(beforeMs: number): Promise<TenantCertificateRow[]> {
    const { notAfter, warnedAt } = tenantCertificates
    return db
      .select()
      .from(tenantCertificates)
      .where(and(lt(notAfter, beforeMs), isNull(warnedAt)))
  },

  /** In place of the one of that name. */
  async put(row: TenantCertificateRow): Promise<void> {
    const target = [tenantCertificates.tenantId, tenantCertificates.name]
    await db.insert(tenantCertificates).values(row).onConflictDoUpdate({ target, set: row })
  },

  async remove(tenantId: string, name: string): Promise<void> {
    await db.delete(tenantCertificates).where(at(tenantId, name))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(tenantCertificates).where(eq(tenantCertificates.tenantId, tenantId))
  },
})

const at = (tenantId: string, name: string) =>
  and(eq(tenantCertificates.tenantId, tenantId), eq(tenantCertificates.name, name))
