import { aliasedTable, and, asc, count, eq, gt, isNotNull, isNull, lt, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { networks, tenants } from '../schema.ts'
import { peerings } from '../schema-peerings.ts'

export type PeeringRow = typeof peerings.$inferSelect

/** With what is shown of both sides. */
export interface ShownPeering {
  readonly row: PeeringRow
  readonly slug: string
  readonly network: PeeredNetwork
  /** Null: it was offered, and not accepted yet. */
  readonly peerNetwork: PeeredNetwork | null
}

interface PeeredNetwork {
  readonly name: string
  readonly subnet: string
}

/** Ids of two networks. */
export type PeeredPair = readonly [one: string, other: string]

const theirs = aliasedTable(networks, 'theirs')

export const peeringQueries = (db: Executor) => ({
  ...readings(db),
  ...changes(db),
})

function readings(db: Executor) {
  const shown = async (where: ReturnType<typeof and>): Promise<ShownPeering[]> => {
    const rows = await db
      .select({
        row: peerings,
        slug: tenants.slug,
        network: { name: networks.name, subnet: networks.subnet },
        peerNetwork: { name: theirs.name, subnet: theirs.subnet },
      })
      .from(peerings)
      .innerJoin(tenants, eq(tenants.id, peerings.tenantId))
      .innerJoin(networks, eq(networks.id, peerings.networkId))
      .leftJoin(theirs, eq(theirs.id, peerings.peerNetworkId))
      .where(where)
      .orderBy(asc(peerings.id))
    return rows
  }
  return {
    /** What a tenant has made, was offered or has accepted, without offers that are too old. */
    ofTenant: ({ id, slug }: { readonly id: string; readonly slug: string }, nowMs: number) =>
      shown(and(concerns(id, slug), isLive(nowMs))),

    /** Pairs of networks that reach each other. */
    async active(): Promise<PeeredPair[]> {
      const rows = await db
        .select({ one: peerings.networkId, other: peerings.peerNetworkId })
        .from(peerings)
        .where(isNotNull(peerings.peerNetworkId))
      return rows.flatMap(({ one, other }): PeeredPair[] => (other === null ? [] : [[one, other]]))
    },

    /** Ids of those that a network is part of, offers too. */
    async ofNetwork(networkId: string, nowMs: number): Promise<string[]> {
      const rows = await db
        .select({ id: peerings.id })
        .from(peerings)
        .where(
          and(
            or(eq(peerings.networkId, networkId), eq(peerings.peerNetworkId, networkId)),
            isLive(nowMs),
          ),
        )
      return rows.map(({ id }) => id)
    },

    async countMade(tenantId: string, nowMs: number): Promise<number> {
      const [row] = await db
        .select({ total: count() })
        .from(peerings)
        .where(and(eq(peerings.tenantId, tenantId), isLive(nowMs)))
      return row?.total ?? 0
    },
  }
}

const changes = (db: Executor) => ({
  async insert(row: PeeringRow): Promise<void> {
    await db.insert(peerings).values(row)
  },

  async accept(
    id: string,
    change: Pick<PeeringRow, 'expiresAt' | 'peerNetworkId' | 'peerTenantId'>,
  ): Promise<void> {
    await db.update(peerings).set(change).where(eq(peerings.id, id))
  },

  async remove(id: string): Promise<void> {
    await db.delete(peerings).where(eq(peerings.id, id))
  },

  /** Those of both sides. */
  async removeAllOf(tenantId: string): Promise<void> {
    await db
      .delete(peerings)
      .where(or(eq(peerings.tenantId, tenantId), eq(peerings.peerTenantId, tenantId)))
  },

  async pruneOffers(before: number): Promise<void> {
    await db.delete(peerings).where(lt(peerings.expiresAt, before))
  },
})

const concerns = (id: string, slug: string) =>
  or(
    eq(peerings.tenantId, id),
    eq(peerings.peerTenantId, id),
    and(isNull(peerings.peerTenantId), eq(peerings.peerSlug, slug)),
  )

const isLive = (nowMs: number) => or(isNull(peerings.expiresAt), gt(peerings.expiresAt, nowMs))
