import { and, asc, count, eq, gt, or, sql, type SQL } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { firewalls } from '../schema-firewalls.ts'

export type FirewallRow = typeof firewalls.$inferSelect

export interface FirewallPage {
  readonly limit: number
  readonly namePrefix?: string | undefined
  /** Only those that carry it; with a value, only those that carry that one. */
  readonly label?: { readonly key: string; readonly value: string | undefined } | undefined
  /** Only names after this one. */
  readonly afterName?: string | undefined
}

export const firewallQueries = (db: Executor) => ({
  async all(): Promise<FirewallRow[]> {
    return db.select().from(firewalls)
  },

  async ofTenant(tenantId: string): Promise<FirewallRow[]> {
    return db
      .select()
      .from(firewalls)
      .where(eq(firewalls.tenantId, tenantId))
      .orderBy(asc(firewalls.name))
  },

  async countOf(tenantId: string): Promise<number> {
    const [row] = await db
      .select({ total: count() })
      .from(firewalls)
      .where(eq(firewalls.tenantId, tenantId))
    return row?.total ?? 0
  },

  /** By name or by id, inside one tenant. */
  async find(tenantId: string, nameOrId: string): Promise<FirewallRow | undefined> {
    const named = or(eq(firewalls.name, nameOrId), eq(firewalls.id, nameOrId))
    const rows = await db
      .select()
      .from(firewalls)
      .where(and(eq(firewalls.tenantId, tenantId), named))
    return rows.find(({ name }) => name === nameOrId) ?? rows[0]
  },

  async list(tenantId: string, page: FirewallPage): Promise<FirewallRow[]> {
    return db
      .select()
      .from(firewalls)
      .where(
        and(
          eq(firewalls.tenantId, tenantId),
          page.namePrefix ? beginsWith(page.namePrefix) : undefined,
          page.label && labelled(page.label),
          page.afterName ? gt(firewalls.name, page.afterName) : undefined,
        ),
      )
      .orderBy(asc(firewalls.name))
      .limit(page.limit)
  },

  async insert(row: FirewallRow): Promise<void> {
    await db.insert(firewalls).values(row)
  },

  async update(id: string, change: Partial<FirewallRow>): Promise<void> {
    await db.update(firewalls).set(change).where(eq(firewalls.id, id))
  },

  async remove(id: string): Promise<void> {
    await db.delete(firewalls).where(eq(firewalls.id, id))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(firewalls).where(eq(firewalls.tenantId, tenantId))
  },
})

const beginsWith = (prefix: string): SQL =>
  sql`substr(${firewalls.name}, 1, ${prefix.length}) = ${prefix}`

const labelled = ({ key, value }: NonNullable<FirewallPage['label']>): SQL =>
  sql`EXISTS (SELECT 1 FROM json_each(${firewalls.labelsJson}) AS label
    WHERE label.key = ${key} AND ${value === undefined ? sql`TRUE` : sql`label.value = ${value}`})`
