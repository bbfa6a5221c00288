import { and, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import { isResource, type Limits, type Resource } from '../../src/core/quota.ts'
import type { Executor } from '../open.ts'
import { limits } from '../schema.ts'

type LimitRow = typeof limits.$inferSelect

export const limitQueries = (db: Executor) => ({
  /** Of each of these tenants that has any. */
  async ofTenants(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Limits>> {
    const rows = await db
      .select()
      .from(limits)
      .where(inArray(limits.tenantId, [...tenantIds]))
    const found = new Map<string, LimitRow[]>()
    for (const row of rows) {
      const id = row.tenantId ?? ''
      found.set(id, [...(found.get(id) ?? []), row])
    }
    return new Map([...found].map(([id, own]) => [id, limitsOf(own)]))
  },

  /** Of all tenants together. */
  async ofPlatform(): Promise<Limits> {
    return limitsOf(await db.select().from(limits).where(isNull(limits.tenantId)))
  },

  /** Of each tenant that has one. */
  async ofEachTenant(resource: Resource): Promise<ReadonlyMap<string, number>> {
    const rows = await db
      .select()
      .from(limits)
      .where(and(eq(limits.resource, resource), isNotNull(limits.tenantId)))
    return new Map(
      rows.flatMap(({ tenantId, amount }) =>
        tenantId === null || amount === null ? [] : [[tenantId, amount] as const],
      ),
    )
  },

  /** Sets those that are named; `null` as the tenant is the platform. */
  async put(tenantId: string | null, change: Limits): Promise<void> {
    const rows = Object.entries(change).flatMap(([resource, amount]) =>
      amount === undefined ? [] : [{ tenantId, resource, amount }],
    )
    if (rows.length === 0) return
    const named = rows.map(({ resource }) => resource)
    const own = tenantId === null ? isNull(limits.tenantId) : eq(limits.tenantId, tenantId)
    await db.delete(limits).where(and(own, inArray(limits.resource, named)))
    await db.insert(limits).values(rows)
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(limits).where(eq(limits.tenantId, tenantId))
  },
})

/** What a later version has written of kinds that are not known here is left alone. */
const limitsOf = (rows: readonly LimitRow[]): Limits =>
  Object.fromEntries(
    rows.flatMap(({ resource, amount }) => (isResource(resource) ? [[resource, amount]] : [])),
  )
