import { and, eq, gt, isNull, lt, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { addresses } from '../schema.ts'

export type AddressRow = typeof addresses.$inferSelect

export const addressQueries = (db: Executor) => ({
  /** Addresses that no new container may have: those in use, and those let go after `restingSince`. */
  async taken(networkId: string, restingSince: number): Promise<string[]> {
    const rows = await db
      .select({ address: addresses.address })
      .from(addresses)
      .where(
        and(
          eq(addresses.networkId, networkId),
          or(isNull(addresses.releasedAt), gt(addresses.releasedAt, restingSince)),
        ),
      )
    return rows.map(({ address }) => address)
  },

  async ofContainer(containerId: string): Promise<AddressRow | undefined> {
    const [row] = await db
      .select()
      .from(addresses)
      .where(and(eq(addresses.containerId, containerId), isNull(addresses.releasedAt)))
    return row
  },

  async insert(row: AddressRow): Promise<void> {
    await db.insert(addresses).values(row)
  },

  async release(containerId: string, releasedAt: number): Promise<void> {
    await db
      .update(addresses)
      .set({ releasedAt })
      .where(and(eq(addresses.containerId, containerId), isNull(addresses.releasedAt)))
  },

  async pruneReleased(before: number): Promise<void> {
    await db.delete(addresses).where(lt(addresses.releasedAt, before))
  },
})
