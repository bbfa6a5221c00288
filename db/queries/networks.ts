import {
  and,
  asc,
  count,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  or,
  sql,
  sum,
  type SQL,
} from 'drizzle-orm'
import type { Amounts } from '../../src/core/quota.ts'
import type { Executor } from '../open.ts'
import { networks, tenants } from '../schema.ts'

export type NetworkRow = typeof networks.$inferSelect

export interface NetworkPage {
  readonly limit: number
  readonly namePrefix?: string | undefined
  /** Only those that carry it; with a value, only those that carry that one. */
  readonly label?: { readonly key: string; readonly value: string | undefined } | undefined
  /** Only names after this one. */
  readonly afterName?: string | undefined
}

export const networkQueries = (db: Executor) => ({
  ...findings(db),
  ...wholes(db),
  ...amounts(db),
  ...changes(db),
})

const amounts = (db: Executor) => ({
  /** How many each of these tenants has, and how large all are, those that are being removed included. */
  async reservedBy(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Amounts>> {
    const rows = await db
      .select({ tenantId: networks.tenantId, ...RESERVED })
      .from(networks)
      .where(and(inArray(networks.tenantId, [...tenantIds]), isNull(networks.releasedAt)))
      .groupBy(networks.tenantId)
    return new Map(rows.map(({ tenantId, ...sums }) => [tenantId, sums]))
  },

  async reservedByAll(): Promise<Amounts> {
    const [row] = await db.select(RESERVED).from(networks).where(isNull(networks.releasedAt))
    return row ? { networks: row.networks, addresses: row.addresses ?? 0 } : {}
  },
})

/** All addresses of a range are its network's, whoever is there. */
const sizeOf = sql`(1 << (32 - CAST(substr(${networks.subnet}, instr(${networks.subnet}, '/') + 1) AS INTEGER)))`
const RESERVED = { networks: count(), addresses: sum(sizeOf).mapWith(Number) }

const findings = (db: Executor) => ({
  async byId(id: string): Promise<NetworkRow | undefined> {
    const [row] = await db.select().from(networks).where(eq(networks.id, id))
    return row
  },

  /** Not one that is on its way out: its name is free. */
  async byName(tenantId: string, name: string): Promise<NetworkRow | undefined> {
    const [row] = await db
      .select()
      .from(networks)
      .where(and(present(tenantId), eq(networks.name, name)))
    return row
  },

  /** By name or by id, inside one tenant; not one that is on its way out. */
  async find(tenantId: string, nameOrId: string): Promise<NetworkRow | undefined> {
    const named = or(eq(networks.name, nameOrId), eq(networks.id, nameOrId))
    const rows = await db
      .select()
      .from(networks)
      .where(and(present(tenantId), named))
    return rows.find(({ name }) => name === nameOrId) ?? rows[0]
  },

  /** Not those that are on their way out. */
  async list(tenantId: string, page: NetworkPage): Promise<NetworkRow[]> {
    return db
      .select()
      .from(networks)
      .where(
        and(
          present(tenantId),
          page.namePrefix ? beginsWith(page.namePrefix) : undefined,
          page.label && labelled(page.label),
          page.afterName ? gt(networks.name, page.afterName) : undefined,
        ),
      )
      .orderBy(asc(networks.name))
      .limit(page.limit)
  },

  async ofTenant(tenantId: string): Promise<NetworkRow[]> {
    return db
      .select()
      .from(networks)
      .where(and(eq(networks.tenantId, tenantId), isNull(networks.releasedAt)))
      .orderBy(asc(networks.name))
  },
})

const wholes = (db: Executor) => ({
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

const present = (tenantId: string): SQL | undefined =>
  and(eq(networks.tenantId, tenantId), eq(networks.desired, 'present'), isNull(networks.releasedAt))

/** Not LIKE, to which some letters mean others, and capitals the same as small ones. */
const beginsWith = (prefix: string): SQL =>
  sql`substr(${networks.name}, 1, ${prefix.length}) = ${prefix}`

const labelled = ({ key, value }: NonNullable<NetworkPage['label']>): SQL =>
  sql`EXISTS (SELECT 1 FROM json_each(${networks.labelsJson}) AS label
    WHERE label.key = ${key} AND ${value === undefined ? sql`TRUE` : sql`label.value = ${value}`})`

const changes = (db: Executor) => ({
  async insert(row: NetworkRow): Promise<void> {
    await db.insert(networks).values(row)
  },

  async update(id: string, change: Partial<NetworkRow>): Promise<void> {
    await db.update(networks).set(change).where(eq(networks.id, id))
  },
})
