import { and, asc, count, eq, gt, inArray, isNotNull, isNull, or } from 'drizzle-orm'
import type { Amounts } from '../../src/core/quota.ts'
import type { Executor } from '../open.ts'
import { networks, tenants } from '../schema.ts'

export type NetworkRow = typeof networks.$inferSelect

export const networkQueries = (db: Executor) => ({
  ...findings(db),
  ...amounts(db),
  ...changes(db),
})

const amounts = (db: Executor) => ({
  /** How many each of these tenants has, those that are being removed included. */
  async reservedBy(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Amounts>> {
    const rows = await db
      .select({ tenantId: networks.tenantId, networks: count() })
      .from(networks)
      .where(and(inArray(networks.tenantId, [...tenantIds]), isNull(networks.releasedAt)))
      .groupBy(networks.tenantId)
    return new Map(rows.map(({ tenantId, ...sums }) => [tenantId, sums]))
  },

  async reservedByAll(): Promise<Amounts> {
    const [row] = await db
      .select({ networks: count() })
      .from(networks)
      .where(isNull(networks.releasedAt))
    return row ?? {}
  },
})

const findings = (db: Executor) => ({
  async byId(id: string): Promise<NetworkRow | undefined> {
    const [row] = await db.select().from(networks).where(eq(networks.id, id))
    return row
  },

  async byName(tenantId: string, name: string): Promise<NetworkRow | undefined> {
    const [row] = await db
      .select()
      .from(networks)
      .where(
        and(eq(networks.tenantId, tenantId), eq(networks.name, name), isNull(networks.releasedAt)),
      )
    return row
  },

  async ofTenant(tenantId: string): Promise<NetworkRow[]> {
    return db
      .select()
      .from(networks)
      .where(and(eq(networks.tenantId, tenantId), isNull(networks.releasedAt)))
      .orderBy(asc(networks.name))
  },

  async live(): Promise<NetworkRow[]> {
    return db.select().from(networks).where(isNull(networks.releasedAt))
  },

  async liveOfDeletedTenants(): Promise<{ network: NetworkRow; slug: string }[]> {
    return db
      .select({ network: networks, slug: tenants.slug })
      .from(networks)
      .innerJoin(tenants, eq(tenants.id, networks.tenantId))
      .where(and(isNull(networks.releasedAt), isNotNull(tenants.deletedAt)))
  },

  /** Subnets that no new network may have: those in use, and those let go after `restingSince`. */
  async takenSubnets(nodeId: string, restingSince: number): Promise<string[]> {
    const rows = await db
      .select({ subnet: networks.subnet })
      .from(networks)
      .where(
        and(
          eq(networks.nodeId, nodeId),
          or(isNull(networks.releasedAt), gt(networks.releasedAt, restingSince)),
        ),
      )
    return rows.map(({ subnet }) => subnet)
  },
})

const changes = (db: Executor) => ({
  async insert(row: NetworkRow): Promise<void> {
    await db.insert(networks).values(row)
  },

  async update(id: string, change: Partial<NetworkRow>): Promise<void> {
    await db.update(networks).set(change).where(eq(networks.id, id))
  },
})
