import { and, asc, eq } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { registries } from '../schema.ts'

export type RegistryRow = typeof registries.$inferSelect

export const registryQueries = (db: Executor) => ({
  async byHost(tenantId: string, host: string): Promise<RegistryRow | undefined> {
    const [row] = await db.select().from(registries).where(at(tenantId, host))
    return row
  },

  async list(tenantId: string): Promise<RegistryRow[]> {
    return db
      .select()
      .from(registries)
      .where(eq(registries.tenantId, tenantId))
      .orderBy(asc(registries.host))
  },

  /** Adds it, or takes the place of the one that was there. */
  async put(row: RegistryRow): Promise<void> {
    const { username, sealedPassword, updatedAt } = row
    await db
      .insert(registries)
      .values(row)
      .onConflictDoUpdate({
        target: [registries.tenantId, registries.host],
        set: { username, sealedPassword, updatedAt },
      })
  },

  async remove(tenantId: string, host: string): Promise<void> {
    await db.delete(registries).where(at(tenantId, host))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    await db.delete(registries).where(eq(registries.tenantId, tenantId))
  },
})

const at = (tenantId: string, host: string) =>
  and(eq(registries.tenantId, tenantId), eq(registries.host, host))
