import { and, asc, count, eq, gt, inArray, isNull, lt, or, sql, sum, type SQL } from 'drizzle-orm'
import type { AnySQLiteColumn } from 'drizzle-orm/sqlite-core'
import { CRASH_LOOPING, type ShownState } from '../../src/core/container-plan.ts'
import { LOG_BYTES } from '../../src/core/container-shape.ts'
import type { Amounts } from '../../src/core/quota.ts'
import type { Executor } from '../open.ts'
import { containers } from '../schema.ts'
import { placedOn } from './placed.ts'

export type ContainerRow = typeof containers.$inferSelect

/** A container with what its network and tenant say of it. */
export interface PlacedContainer {
  readonly row: ContainerRow
  readonly tenant: string
  /** When its tenant was suspended; null: it is not. */
  readonly suspendedAt: number | null
  /** That of its default route, in which it is made and which it keeps for life. */
  readonly network: PlacedNetwork
  readonly address: string
  readonly mac: string
  readonly aliases: readonly string[]
  /** In which it is besides. */
  readonly further: readonly PlacedEndpoint[]
}

export interface PlacedNetwork {
  readonly id: string
  readonly name: string
  readonly subnet: string
}

export interface PlacedEndpoint {
  readonly network: PlacedNetwork
  readonly address: string
  readonly mac: string
  readonly aliases: readonly string[]
  /** It is to be taken out, and holds its address until then. */
  readonly isLeaving: boolean
}

export interface ContainerPage {
  readonly limit: number
  readonly state?: ShownState | undefined
  readonly namePrefix?: string | undefined
  /** Only those that carry it; with a value, only those that carry that one. */
  readonly label?: { readonly key: string; readonly value: string | undefined } | undefined
  /** Only names after this one. */
  readonly afterName?: string | undefined
  /** Only those with one of these names or ids. */
  readonly among?: readonly string[] | undefined
}

export const containerQueries = (db: Executor) => ({
  ...findings(db),
  ...namesBySpec(db),
  ...wholes(db),
  ...amounts(db),
  ...changes(db),
})

function findings(db: Executor) {
  const placed = (where: SQL | undefined) => placedOn(db, { where })
  return {
    /** Also one that is gone: its row is history. */
    async byId(id: string): Promise<ContainerRow | undefined> {
      const [row] = await db.select().from(containers).where(eq(containers.id, id))
      return row
    },

    async placedById(id: string): Promise<PlacedContainer | undefined> {
      const [found] = await placed(and(eq(containers.id, id), isNull(containers.removedAt)))
      return found
    },

    async placedByIds(ids: readonly string[]): Promise<PlacedContainer[]> {
      return placed(and(inArray(containers.id, [...ids]), isNull(containers.removedAt)))
    },

    /** By id or by name, inside one tenant. */
    async find(tenantId: string, nameOrId: string): Promise<PlacedContainer | undefined> {
      const [named] = await placed(and(living(tenantId), eq(containers.name, nameOrId)))
      if (named) return named
      const [found] = await placed(and(living(tenantId), eq(containers.id, nameOrId)))
      return found
    },

    async findAll(tenantId: string, namesOrIds: readonly string[]): Promise<PlacedContainer[]> {
      const wanted = [...namesOrIds]
      const mine = living(tenantId)
      const byName = await placed(and(mine, inArray(containers.name, wanted)))
      const byId = await placed(and(mine, inArray(containers.id, wanted)))
      return [...byName, ...byId]
    },

    async list(tenantId: string, page: ContainerPage): Promise<PlacedContainer[]> {
      const where = and(
        living(tenantId),
        page.state && shownAs(page.state),
        page.namePrefix ? beginsWith(page.namePrefix) : undefined,
        page.label && labelled(page.label),
        page.afterName ? gt(containers.name, page.afterName) : undefined,
        page.among && namedOneOf(page.among),
      )
      return placedOn(db, { where, orderBy: asc(containers.name), limit: page.limit })
    },
  }
}

const namesBySpec = (db: Executor) => ({
  /** Names of those that carry this firewall. */
  async withFirewall(tenantId: string, firewall: string): Promise<string[]> {
    const carried = sql`EXISTS (SELECT 1 FROM json_each(${containers.specJson}, '$.firewalls') AS one
      WHERE one.value = ${firewall})`
    const rows = await db
      .select({ name: containers.name })
      .from(containers)
      .where(and(living(tenantId), carried))
      .orderBy(asc(containers.name))
    return rows.map(({ name }) => name)
  },

  /** Names of those that were made with one of these exceptions. */
  async withExceptions(tenantId: string, exceptions: readonly string[]): Promise<string[]> {
    const asked = sql`EXISTS (SELECT 1 FROM json_each(${containers.specJson}, '$.exceptions') AS one
      WHERE one.value IN (SELECT value FROM json_each(${JSON.stringify(exceptions)})))`
    const rows = await db
      .select({ name: containers.name })
      .from(containers)
      .where(and(living(tenantId), asked))
      .orderBy(asc(containers.name))
    return rows.map(({ name }) => name)
  },
})

const wholes = (db: Executor) => ({
  async ofTenant(tenantId: string): Promise<PlacedContainer[]> {
    return placedOn(db, { where: living(tenantId), orderBy: asc(containers.name) })
  },

  /** Every container that is not yet gone, of all tenants. */
  async live(): Promise<PlacedContainer[]> {
    return placedOn(db, { where: isNull(containers.removedAt) })
  },
})

const amounts = (db: Executor) => ({
  async countLive(tenantId: string): Promise<number> {
    const [row] = await db.select({ total: count() }).from(containers).where(living(tenantId))
    return row?.total ?? 0
  },

  /**
   * What is reserved by each of these tenants that has any, containers being deleted included: what
   * they hold is free only once the engine says so.
   */
  async reservedBy(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Amounts>> {
    const rows = await db
      .select({ tenantId: containers.tenantId, ...RESERVED })
      .from(containers)
      .where(and(inArray(containers.tenantId, [...tenantIds]), isNull(containers.removedAt)))
      .groupBy(containers.tenantId)
    return new Map(rows.map(({ tenantId, ...sums }) => [tenantId, amountsOf(sums)]))
  },

  /** What all tenants together have reserved. */
  async reservedByAll(): Promise<Amounts> {
    const [row] = await db.select(RESERVED).from(containers).where(isNull(containers.removedAt))
    return row ? amountsOf(row) : {}
  },
})

/** What is wanted, or what the engine may still have where that is more. */
function sumOfLarger(wanted: AnySQLiteColumn, held: AnySQLiteColumn) {
  return sum(sql`max(${wanted}, coalesce(${held}, 0))`).mapWith(Number)
}

const RESERVED = {
  containers: count(),
  cpuMilli: sumOfLarger(containers.cpuMilli, containers.heldCpuMilli),
  memoryBytes: sumOfLarger(containers.memoryBytes, containers.heldMemoryBytes),
  pids: sumOfLarger(containers.pids, containers.heldPids),
}

/** Sums over no row at all are null. */
export const amountsOf = (
  sums: Readonly<Record<keyof typeof RESERVED, number | null>>,
): Amounts => ({
  containers: sums.containers ?? 0,
  cpuMilli: sums.cpuMilli ?? 0,
  memoryBytes: sums.memoryBytes ?? 0,
  pids: sums.pids ?? 0,
  logBytes: (sums.containers ?? 0) * LOG_BYTES,
})

const changes = (db: Executor) => ({
  async insert(row: ContainerRow): Promise<void> {
    await db.insert(containers).values(row)
  },

  async update(id: string, change: Partial<ContainerRow>): Promise<void> {
    await db.update(containers).set(change).where(eq(containers.id, id))
  },

  /** Changes a row only if no newer intent has come meanwhile; answers whether it did. */
  async updateAt(
    { id, generation }: Pick<ContainerRow, 'id' | 'generation'>,
    change: Partial<ContainerRow>,
  ): Promise<boolean> {
    const changed = await db
      .update(containers)
      .set(change)
      .where(and(eq(containers.id, id), eq(containers.generation, generation)))
      .returning({ id: containers.id })
    return changed.length > 0
  },

  async pruneRemoved(before: number): Promise<void> {
    await db.delete(containers).where(lt(containers.removedAt, before))
  },
})

const living = (tenantId: string): SQL | undefined =>
  and(eq(containers.tenantId, tenantId), isNull(containers.removedAt))

/** By name or by id. */
export const namedOneOf = (namesOrIds: readonly string[]): SQL | undefined =>
  or(inArray(containers.name, [...namesOrIds]), inArray(containers.id, [...namesOrIds]))

function shownAs(state: ShownState): SQL | undefined {
  const isLooping = sql`${containers.reasonCode} IS ${CRASH_LOOPING}`
  if (state === CRASH_LOOPING) return and(eq(containers.state, 'restarting'), isLooping)
  const is = eq(containers.state, state)
  return state === 'restarting' ? and(is, sql`NOT ${isLooping}`) : is
}

/** Not LIKE, to which some letters mean others, and capitals the same as small ones. */
const beginsWith = (prefix: string): SQL =>
  sql`substr(${containers.name}, 1, ${prefix.length}) = ${prefix}`

const labelled = ({ key, value }: NonNullable<ContainerPage['label']>): SQL =>
  sql`EXISTS (SELECT 1 FROM json_each(${containers.specJson}, '$.labels') AS label
    WHERE label.key = ${key} AND ${value === undefined ? sql`TRUE` : sql`label.value = ${value}`})`
