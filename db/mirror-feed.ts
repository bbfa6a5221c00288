import { nodes } from './schema-platform.ts'
import { addresses, containers, tenants } from './schema.ts'
import { mirror, type MirrorChange } from './mirror.ts'
import type { AfterCommit, Executor, Queries, Transactions } from './open.ts'

/** What a transaction has changed of what the mirror shows. */
export interface Noted {
  readonly containers: Set<string>
  readonly tenants: Set<string>
  /** Any of the few machines. */
  nodes: boolean
  /** Something was changed by a query that does not say which rows: all must be read anew. */
  unnamed: boolean
}

type Table = Parameters<Executor['update']>[0]
const MIRRORED: ReadonlySet<Table> = new Set<Table>([addresses, containers, nodes, tenants])

/**
 * The queries of a transaction, which note what they change. Those named here say which row it is; any
 * other that writes to a mirrored table is noticed all the same, and is dearer.
 */
export function noting(
  tx: Executor,
  queriesOn: (db: Executor) => Queries,
): { readonly q: Queries; readonly noted: Noted } {
  const noted: Noted = { containers: new Set(), tenants: new Set(), nodes: false, unnamed: false }
  const known = queriesOn(tx)
  const others = queriesOn(watched(tx, () => (noted.unnamed = true)))
  const { containers: c, addresses: a, nodes: n, tenants: t } = known
  const container = noter(noted.containers)
  const tenant = noter(noted.tenants)
  const q: Queries = {
    ...others,
    containers: {
      ...others.containers,
      insert: (row) => container(row.id, () => c.insert(row)),
      update: (id, change) => container(id, () => c.update(id, change)),
      updateAt: (row, change) => container(row.id, () => c.updateAt(row, change)),
      // It forgets what no reading of the mirror shows.
      pruneRemoved: (before) => c.pruneRemoved(before),
    },
    addresses: {
      ...others.addresses,
      insert: (row) => container(row.containerId, () => a.insert(row)),
      release: (id, releasedAt) => container(id, () => a.release(id, releasedAt)),
      leave: (one, at) => container(one.containerId, () => a.leave(one, at)),
      releaseLeft: (id, at) => container(id, () => a.releaseLeft(id, at)),
      pruneReleased: (before) => a.pruneReleased(before),
    },
    nodes: {
      ...others.nodes,
      put(row) {
        noted.nodes = true
        return n.put(row)
      },
    },
    tenants: {
      ...others.tenants,
      insert: (row) => tenant(row.id, () => t.insert(row)),
      update: (id, patch) => tenant(id, () => t.update(id, patch)),
      async changeLife(id, life) {
        for (const { row } of await c.ofTenant(id)) noted.containers.add(row.id)
        await tenant(id, () => t.changeLife(id, life))
      },
      markDeleted: (id, at) => tenant(id, () => t.markDeleted(id, at)),
    },
  }
  return { q, noted }
}

const noter =
  (ids: Set<string>) =>
  <T>(id: string, write: () => T): T => {
    ids.add(id)
    return write()
  }

/** An executor that tells when a mirrored table is about to be written to. */
function watched(tx: Executor, alarm: () => void): Executor {
  const told =
    <T extends Table, R>(call: (table: T) => R) =>
    (table: T): R => {
      if (MIRRORED.has(table)) alarm()
      return call(table)
    }
  // Everything else of a transaction is reached through it as it is.
  const shadow: Executor = Object.create(tx)
  shadow.insert = told((table) => tx.insert(table))
  shadow.update = told((table) => tx.update(table))
  shadow.delete = told((table) => tx.delete(table))
  return shadow
}

/** More rows than this in one transaction are not looked up one by one; SQLite bounds the question, too. */
const MOST_NAMED = 1000

/** The changed rows, as they stand inside the transaction that is about to be committed. */
export async function changeOf(
  q: Queries,
  { containers: ids, tenants: tenantIds, nodes: ofNodes, unnamed }: Noted,
): Promise<MirrorChange | 'all' | undefined> {
  if (unnamed || ids.size > MOST_NAMED) return 'all'
  if (ids.size === 0 && tenantIds.size === 0 && !ofNodes) return undefined
  const placed = ids.size === 0 ? [] : await q.containers.placedByIds([...ids])
  const found = new Map(placed.map((one) => [one.row.id, one]))
  const rows = await Promise.all([...tenantIds].map((id) => q.tenants.byId(id)))
  return {
    containers: new Map([...ids].map((id) => [id, found.get(id)])),
    tenants: new Map([...tenantIds].map((id, index) => [id, rows[index]])),
    nodes: ofNodes ? await q.nodes.all() : undefined,
  }
}

interface Around {
  /** Reads the database itself. */
  readonly table: Queries
  readonly queriesOn: (db: Executor, afterCommit: AfterCommit) => Queries
}

/** The database's mirror, how it is kept true, and where to read while it may not be. */
export function mirrored(db: Transactions, { table, queriesOn }: Around) {
  const image = mirror()
  const read: Queries = {
    ...table,
    containers: { ...table.containers, ...image.containers },
    tenants: { ...table.tenants, ...image.tenants },
    nodes: { ...table.nodes, ...image.nodes },
  }
  let isTrue = false

  async function fill(): Promise<void> {
    isTrue = false
    const [placed, tenantRows, nodeRows] = await Promise.all([
      table.containers.live(),
      table.tenants.allLive(),
      table.nodes.all(),
    ])
    image.replace({ placed, tenants: tenantRows, nodes: nodeRows })
    isTrue = true
  }

  /** What fails here is made good by the next writer; meanwhile the database is read itself. */
  const refill = (): Promise<void> => fill().catch(() => undefined)

  /** One write transaction. Writers stand in line, so changes are applied in the order of the commits. */
  async function write<T>(work: (q: Queries) => Promise<T>): Promise<T> {
    if (!isTrue) await fill()
    let change: MirrorChange | 'all' | undefined
    const acts: (() => void)[] = []
    const on = (one: Executor): Queries => queriesOn(one, (act) => void acts.push(act))
    try {
      const result = await db.transaction(
        async (tx) => {
          const { q, noted } = noting(tx, on)
          const done = await work(q)
          change = await changeOf(on(tx), noted)
          return done
        },
        { behavior: 'immediate' },
      )
      if (change === 'all') await refill()
      else if (change) image.apply(change)
      for (const act of acts) act()
      return result
    } catch (error) {
      // All was done but the commit, of which we do not know whether it came through.
      if (change) await refill()
      throw error
    }
  }

  return { fill, write, read: (): Queries => (isTrue ? read : table) }
}
