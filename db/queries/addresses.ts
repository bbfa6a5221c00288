import { and, asc, count, eq, gt, isNull, lt, ne, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { addresses, containers } from '../schema.ts'

export type AddressRow = typeof addresses.$inferSelect

/** A container in a network. */
export interface Member {
  readonly id: string
  readonly name: string
  readonly address: AddressRow
}

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

  /** Who is in a network and is to stay there. */
  async membersOf(networkId: string): Promise<Member[]> {
    return db
      .select({ id: containers.id, name: containers.name, address: addresses })
      .from(addresses)
      .innerJoin(containers, eq(containers.id, addresses.containerId))
      .where(
        and(
          eq(addresses.networkId, networkId),
          isNull(addresses.releasedAt),
          isNull(addresses.leavingAt),
          ne(containers.desired, 'absent'),
        ),
      )
      .orderBy(asc(containers.name))
  },

  /** How many are in use in a network, also by what is on its way out. */
  async countIn(networkId: string): Promise<number> {
    const [row] = await db
      .select({ total: count() })
      .from(addresses)
      .where(and(eq(addresses.networkId, networkId), isNull(addresses.releasedAt)))
    return row?.total ?? 0
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
