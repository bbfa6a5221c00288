import { and, asc, count, eq, inArray, isNotNull, like, lte, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { domains } from '../schema-routes.ts'

export type DomainRow = typeof domains.$inferSelect

export const domainQueries = (db: Executor) => ({
  async list(tenantId: string): Promise<DomainRow[]> {
    return db
      .select()
      .from(domains)
      .where(eq(domains.tenantId, tenantId))
      .orderBy(asc(domains.name))
  },

  /** Those of all tenants that are proved. */
  async proved(): Promise<DomainRow[]> {
    return db.select().from(domains).where(isNotNull(domains.provedAt)).orderBy(asc(domains.name))
  },

  async find(tenantId: string, nameOrId: string): Promise<DomainRow | undefined> {
    const isIt = or(eq(domains.name, nameOrId), eq(domains.id, nameOrId))
    const [row] = await db
      .select()
      .from(domains)
      .where(and(eq(domains.tenantId, tenantId), isIt))
    return row
  },

  /** Whoever has claimed one of these names, or a name below the first of them. */
  async near(names: readonly string[]): Promise<DomainRow[]> {
    return db
      .select()
      .from(domains)
      .where(or(inArray(domains.name, [...names]), like(domains.name, `%.${names[0] ?? ''}`)))
  },

  async countOf(tenantId: string): Promise<number> {
    const [row] = await db
      .select({ total: count() })
      .from(domains)
      .where(eq(domains.tenantId, tenantId))
    return row?.total ?? 0
  },

  async insert(row: DomainRow): Promise<void> {
    await db.insert(domains).values(row)
  },

  async prove(
    id: string,
    proof: Pick<DomainRow, 'expiresAt' | 'proof' | 'provedAt'>,
  ): Promise<void> {
    await db.update(domains).set(proof).where(eq(domains.id, id))
  },

  async remove(id: string): Promise<void> {
    await db.delete(domains).where(eq(domains.id, id))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(domains).where(eq(domains.tenantId, tenantId))
  },

  /** Claims that nobody has proved in time. */
  async pruneLapsed(nowMs: number): Promise<void> {
    await db.delete(domains).where(lte(domains.expiresAt, nowMs))
  },
})
