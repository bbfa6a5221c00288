import { and, asc, count, eq, gt, isNotNull, isNull, lt, ne, or, sql, type SQL } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { addresses, containers, networks } from '../schema.ts'

export type AddressRow = typeof addresses.$inferSelect

/** A container in a network. */
export interface Member {
  readonly id: string
  readonly name: string
  readonly address: AddressRow
}

/** A container, in one of its networks. */
export interface Aliased {
  readonly networkId: string
  readonly containerId: string
}

const held = (containerId: string): SQL | undefined =>
  and(eq(addresses.containerId, containerId), isNull(addresses.releasedAt))

export const addressQueries = (db: Executor) => ({ ...findings(db), ...changes(db) })

const findings = (db: Executor) => ({
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

  /** Where a name is an alias of somebody who is to stay. */
  async aliased(tenantId: string, alias: string): Promise<Aliased[]> {
    const isOne = sql`EXISTS (SELECT 1 FROM json_each(${addresses.aliasesJson}) AS one
      WHERE one.value = ${alias})`
    return db
      .select({ networkId: addresses.networkId, containerId: addresses.containerId })
      .from(addresses)
      .innerJoin(networks, eq(networks.id, addresses.networkId))
      .where(and(eq(networks.tenantId, tenantId), isNull(addresses.releasedAt), isOne))
  },
})

const changes = (db: Executor) => ({
  async insert(row: AddressRow): Promise<void> {
    await db.insert(addresses).values(row)
  },

  async release(containerId: string, releasedAt: number): Promise<void> {
    await db
      .update(addresses)
      .set({ releasedAt })
      .where(and(eq(addresses.containerId, containerId), isNull(addresses.releasedAt)))
  },

  /** One network alone: from now on it is to be taken out. */
  async leave({ containerId, networkId }: Aliased, leavingAt: number): Promise<void> {
    await db
      .update(addresses)
      .set({ leavingAt })
      .where(and(held(containerId), eq(addresses.networkId, networkId)))
  },

  /** Those that it has left. */
  async releaseLeft(containerId: string, releasedAt: number): Promise<void> {
    await db
      .update(addresses)
      .set({ releasedAt })
      .where(and(held(containerId), isNotNull(addresses.leavingAt)))
  },

  async pruneReleased(before: number): Promise<void> {
    await db.delete(addresses).where(lt(addresses.releasedAt, before))
  },
})
