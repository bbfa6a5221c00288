import { and, asc, count, eq, isNull, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { tenants } from '../schema.ts'
import { routes } from '../schema-routes.ts'

export type RouteRow = typeof routes.$inferSelect

/** With the slug of whose it is. */
export interface ServedRoute {
  readonly row: RouteRow
  readonly tenant: string
}

export const routeQueries = (db: Executor) => ({
  async list(tenantId: string): Promise<RouteRow[]> {
    return db.select().from(routes).where(eq(routes.tenantId, tenantId)).orderBy(asc(routes.name))
  },

  async find(tenantId: string, nameOrId: string): Promise<RouteRow | undefined> {
    const isIt = or(eq(routes.name, nameOrId), eq(routes.id, nameOrId))
    const rows = await db
      .select()
      .from(routes)
      .where(and(eq(routes.tenantId, tenantId), isIt))
    return rows.find(({ name }) => name === nameOrId) ?? rows[0]
  },

  /** Of tenants whose apps are served. */
  async served(): Promise<ServedRoute[]> {
    return db
      .select({ row: routes, tenant: tenants.slug })
      .from(routes)
      .innerJoin(tenants, eq(tenants.id, routes.tenantId))
      .where(
        and(isNull(tenants.deletedAt), isNull(tenants.deletingAt), isNull(tenants.suspendedAt)),
      )
      .orderBy(asc(routes.id))
  },

  async countOf(tenantId: string): Promise<number> {
    const [row] = await db
      .select({ total: count() })
      .from(routes)
      .where(eq(routes.tenantId, tenantId))
    return row?.total ?? 0
  },

  async insert(row: RouteRow): Promise<void> {
    await db.insert(routes).values(row)
  },

  async update({ id, specJson, generation }: RouteRow): Promise<void> {
    await db.update(routes).set({ specJson, generation }).where(eq(routes.id, id))
  },

  async remove(id: string): Promise<void> {
    await db.delete(routes).where(eq(routes.id, id))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(routes).where(eq(routes.tenantId, tenantId))
  },
})
