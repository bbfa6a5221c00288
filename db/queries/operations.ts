import { and, desc, eq, gte, inArray, lt, or, sql } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { containers, operations, tenants } from '../schema.ts'
import { namedOneOf } from './containers.ts'

export type OperationRow = typeof operations.$inferSelect
export type OperationState = OperationRow['state']

const OPEN: OperationState[] = ['pending', 'running']
const ENDED: OperationState[] = ['succeeded', 'failed', 'cancelled']

export interface OperationPage {
  readonly limit: number
  readonly state?: OperationState | undefined
  /** The last row of the page before: creation time and id. */
  readonly after?: { readonly createdAt: number; readonly id: string } | undefined
  /** Only those of containers with one of these names or ids. */
  readonly amongContainers?: readonly string[] | undefined
}

export interface PlatformPage extends Omit<OperationPage, 'amongContainers'> {
  readonly kind?: string | undefined
  /** Of the tenant, as it is or was. */
  readonly slug?: string | undefined
}

/** With the slug of its tenant, as it is or was; null: of the platform. */
export interface OfTenant {
  readonly row: OperationRow
  readonly tenant: string | null
}

const ofTenants = (db: Executor) =>
  db
    .select({ row: operations, tenant: tenants.slug })
    .from(operations)
    .leftJoin(tenants, eq(tenants.id, operations.tenantId))

const older = (after: OperationPage['after']) =>
  after &&
  or(
    lt(operations.createdAt, after.createdAt),
    and(eq(operations.createdAt, after.createdAt), lt(operations.id, after.id)),
  )

export const operationQueries = (db: Executor) => ({
  async byId(id: string): Promise<OperationRow | undefined> {
    const [row] = await db.select().from(operations).where(eq(operations.id, id))
    return row
  },

  /** The newest first. */
  async list(tenantId: string, page: OperationPage): Promise<OperationRow[]> {
    const { limit, state, after, amongContainers } = page
    const targets =
      amongContainers &&
      db
        .select({ id: containers.id })
        .from(containers)
        .where(and(eq(containers.tenantId, tenantId), namedOneOf(amongContainers)))
    return db
      .select()
      .from(operations)
      .where(
        and(
          eq(operations.tenantId, tenantId),
          state && eq(operations.state, state),
          targets && inArray(operations.targetId, targets),
          older(after),
        ),
      )
      .orderBy(desc(operations.createdAt), desc(operations.id))
      .limit(limit)
  },

  ...acrossTenants(db),
  ...open(db),
  ...changes(db),
})

const acrossTenants = (db: Executor) => ({
  /** Of all tenants, those that are gone included, and of the platform; the newest first. */
  async listAll(page: PlatformPage): Promise<OfTenant[]> {
    const { limit, state, kind, slug, after } = page
    return ofTenants(db)
      .where(
        and(
          state && eq(operations.state, state),
          kind === undefined ? undefined : eq(operations.kind, kind),
          slug === undefined ? undefined : eq(tenants.slug, slug),
          older(after),
        ),
      )
      .orderBy(desc(operations.createdAt), desc(operations.id))
      .limit(limit)
  },
})

const open = (db: Executor) => ({
  async openOn(targetId: string): Promise<OperationRow[]> {
    return db
      .select()
      .from(operations)
      .where(and(eq(operations.targetId, targetId), inArray(operations.state, OPEN)))
  },

  /** Whatever has an open operation, each once. */
  async openTargets(): Promise<string[]> {
    const rows = await db
      .selectDistinct({ targetId: operations.targetId })
      .from(operations)
      .where(inArray(operations.state, OPEN))
    return rows.map(({ targetId }) => targetId)
  },

  /** Targets of this kind with an open operation. */
  async openTargetsOf(kind: string): Promise<string[]> {
    const rows = await db
      .selectDistinct({ targetId: operations.targetId })
      .from(operations)
      .where(and(eq(operations.targetKind, kind), inArray(operations.state, OPEN)))
    return rows.map(({ targetId }) => targetId)
  },

  /** All of a tenant's operations of that kind, open or not, that are no older than that. */
  async ofKindSince(tenantId: string, kind: string, since: number): Promise<OperationRow[]> {
    return db
      .select()
      .from(operations)
      .where(
        and(
          eq(operations.tenantId, tenantId),
          eq(operations.kind, kind),
          gte(operations.createdAt, since),
        ),
      )
  },
})

const changes = (db: Executor) => ({
  async insert(row: OperationRow): Promise<void> {
    await db.insert(operations).values(row)
  },

  /** Changes an operation that is still open; answers whether it was. */
  async updateOpen(id: string, change: Partial<OperationRow>): Promise<boolean> {
    const changed = await db
      .update(operations)
      .set(change)
      .where(and(eq(operations.id, id), inArray(operations.state, OPEN)))
      .returning({ id: operations.id })
    return changed.length > 0
  },

  async pruneEnded(before: number): Promise<void> {
    await db
      .delete(operations)
      .where(and(inArray(operations.state, ENDED), lt(operations.updatedAt, before)))
  },

  /** Leaves each tenant so many of its newest that have ended. */
  async pruneEndedBeyond(most: number): Promise<void> {
    await db.delete(operations).where(
      sql`id IN (SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY created_at DESC, id DESC) AS place
        FROM ${operations} WHERE ${inArray(operations.state, ENDED)}) WHERE place > ${most})`,
    )
  },
})
