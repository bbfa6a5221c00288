import { and, asc, count, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { secrets, secretVersions } from '../schema-secrets.ts'
import { containers } from '../schema.ts'

export type SecretRow = typeof secrets.$inferSelect
export type SecretVersionRow = typeof secretVersions.$inferSelect

export const secretQueries = (db: Executor) => ({
  ...findings(db),
  ...users(db),
  ...wraps(db),
  ...changes(db),
})

const findings = (db: Executor) => ({
  async byName(tenantId: string, name: string): Promise<SecretRow | undefined> {
    const [row] = await db
      .select()
      .from(secrets)
      .where(named(tenantId, [name]))
    return row
  },

  async byNames(tenantId: string, names: readonly string[]): Promise<SecretRow[]> {
    return db.select().from(secrets).where(named(tenantId, names))
  },

  async list(tenantId: string): Promise<SecretRow[]> {
    return db
      .select()
      .from(secrets)
      .where(eq(secrets.tenantId, tenantId))
      .orderBy(asc(secrets.name))
  },

  async any(): Promise<boolean> {
    const rows = await db.select({ id: secrets.id }).from(secrets).limit(1)
    return rows.length > 0
  },

  /** The oldest first. */
  async versions(secretIds: readonly string[]): Promise<SecretVersionRow[]> {
    return db
      .select()
      .from(secretVersions)
      .where(inArray(secretVersions.secretId, [...secretIds]))
      .orderBy(asc(secretVersions.secretId), asc(secretVersions.version))
  },
})

const users = (db: Executor) => ({
  /** Living containers that name a secret: which version they want, and which the last run has. */
  async users(tenantId: string, name: string) {
    const named = sql`json_each(${containers.specJson}, '$.secrets') AS one
      WHERE json_extract(one.value, '$.name') = ${name}`
    return db
      .select({
        id: containers.id,
        name: containers.name,
        /** A list of numbers and of `latest`. */
        wantedJson: sql<string>`(SELECT json_group_array(json_extract(one.value, '$.version')) FROM ${named})`,
        secretsJson: containers.secretsJson,
      })
      .from(containers)
      .where(
        and(
          eq(containers.tenantId, tenantId),
          isNull(containers.removedAt),
          sql`EXISTS (SELECT 1 FROM ${named})`,
        ),
      )
      .orderBy(asc(containers.name))
  },
})

const wraps = (db: Executor) => ({
  /** Versions whose key is wrapped with another key than this one, with the tenant they are of. */
  async wrappedOtherwise(wrapKey: number, limit: number) {
    return db
      .select({ row: secretVersions, tenantId: secrets.tenantId })
      .from(secretVersions)
      .innerJoin(secrets, eq(secrets.id, secretVersions.secretId))
      .where(ne(secretVersions.wrapKey, wrapKey))
      .limit(limit)
  },

  async countWrappedOtherwise(wrapKey: number): Promise<number> {
    const [row] = await db
      .select({ total: count() })
      .from(secretVersions)
      .where(ne(secretVersions.wrapKey, wrapKey))
    return row?.total ?? 0
  },
})

const changes = (db: Executor) => ({
  /** Adds it, or says that it has a new version. */
  async put(row: SecretRow): Promise<void> {
    const { version, updatedAt } = row
    await db
      .insert(secrets)
      .values(row)
      .onConflictDoUpdate({ target: secrets.id, set: { version, updatedAt } })
  },

  async addVersion(row: SecretVersionRow): Promise<void> {
    await db.insert(secretVersions).values(row)
  },

  async removeVersions(secretId: string, versions: readonly number[]): Promise<void> {
    await db
      .delete(secretVersions)
      .where(
        and(eq(secretVersions.secretId, secretId), inArray(secretVersions.version, [...versions])),
      )
  },

  async rewrapped({ secretId, version, wrappedKey, wrapKey }: SecretVersionRow): Promise<void> {
    await db
      .update(secretVersions)
      .set({ wrappedKey, wrapKey })
      .where(and(eq(secretVersions.secretId, secretId), eq(secretVersions.version, version)))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    const ids = db.select({ id: secrets.id }).from(secrets).where(eq(secrets.tenantId, tenantId))
    await db.delete(secretVersions).where(inArray(secretVersions.secretId, ids))
    await db.delete(secrets).where(eq(secrets.tenantId, tenantId))
  },

  async remove(id: string): Promise<void> {
    await db.delete(secretVersions).where(eq(secretVersions.secretId, id))
    await db.delete(secrets).where(eq(secrets.id, id))
  },
})

const named = (tenantId: string, names: readonly string[]) =>
  and(eq(secrets.tenantId, tenantId), inArray(secrets.name, [...names]))
