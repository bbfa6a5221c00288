import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, ne, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { accessKeys, apiKeys, tenants } from '../schema.ts'

export type AccessKeyRow = typeof accessKeys.$inferSelect
export type ApiKeyRow = typeof apiKeys.$inferSelect

interface KeyPage {
  /** null: the keys of the platform. */
  readonly tenantId: string | null
  readonly after?: { readonly createdAt: number; readonly id: string } | undefined
  readonly limit: number
}

export const keyQueries = (db: Executor) => ({
  async byId(id: string): Promise<AccessKeyRow | undefined> {
    const [row] = await db.select().from(accessKeys).where(eq(accessKeys.id, id))
    return row
  },

  /** Whether there is any key at all, living or not: then the root key must be there too. */
  async any(): Promise<boolean> {
    const rows = await db.select({ id: accessKeys.id }).from(accessKeys).limit(1)
    return rows.length > 0
  },

  /** Every key that is neither revoked nor expired, of every tenant that is not deleted. */
  async allLive(
    now: number,
  ): Promise<{ readonly key: AccessKeyRow; readonly slug: string | null }[]> {
    return db
      .select({ key: accessKeys, slug: tenants.slug })
      .from(accessKeys)
      .leftJoin(tenants, eq(accessKeys.tenantId, tenants.id))
      .where(and(isNull(accessKeys.revokedAt), unexpired(now), isNull(tenants.deletedAt)))
  },

  /** The oldest first. */
  async list({ tenantId, after, limit }: KeyPage): Promise<AccessKeyRow[]> {
    const later =
      after &&
      or(
        gt(accessKeys.createdAt, after.createdAt),
        and(eq(accessKeys.createdAt, after.createdAt), gt(accessKeys.id, after.id)),
      )
    return db
      .select()
      .from(accessKeys)
      .where(and(ownedBy(tenantId), later))
      .orderBy(asc(accessKeys.createdAt), asc(accessKeys.id))
      .limit(limit)
  },

  /** Those with the role, whether or not they can still be used; the oldest first. */
  async adminsOfPlatform(): Promise<AccessKeyRow[]> {
    return db
      .select()
      .from(accessKeys)
      .where(and(isNull(accessKeys.tenantId), eq(accessKeys.role, 'admin')))
      .orderBy(asc(accessKeys.createdAt), asc(accessKeys.id))
  },

  ...changes(db),
  ...tokenQueries(db),
})

const changes = (db: Executor) => ({
  async insert(row: AccessKeyRow): Promise<void> {
    await db.insert(accessKeys).values(row)
  },

  async renew(id: string, next: KeyRenewal): Promise<void> {
    await db.update(accessKeys).set(next).where(eq(accessKeys.id, id))
  },

  async used(id: string, { at, from }: { at: number; from: string }): Promise<void> {
    const use = { lastUsedAt: at, lastUsedFrom: from }
    await db.update(accessKeys).set(use).where(eq(accessKeys.id, id))
  },

  async revoke(id: string, at: number): Promise<void> {
    const ended = { revokedAt: at, previousRootKey: null, previousUntil: null }
    await db.update(accessKeys).set(ended).where(eq(accessKeys.id, id))
  },

  async revokeAllOf(tenantId: string, at: number): Promise<void> {
    await db
      .update(accessKeys)
      .set({ revokedAt: at })
      .where(and(eq(accessKeys.tenantId, tenantId), isNull(accessKeys.revokedAt)))
  },

  /**
   * Those that ended before, with their tokens. Not the admins of the platform: a database without any
   * of them is taken for a new one, which gets its first key.
   */
  async pruneEnded(before: number): Promise<void> {
    const isOver = and(
      or(lt(accessKeys.revokedAt, before), lt(accessKeys.expiresAt, before)),
      or(isNotNull(accessKeys.tenantId), ne(accessKeys.role, 'admin')),
    )
    const over = db.select({ id: accessKeys.id }).from(accessKeys).where(isOver)
    await db.delete(apiKeys).where(inArray(apiKeys.keyId, over))
    await db.delete(accessKeys).where(isOver)
  },
})

/** What a rotation changes. */
type KeyRenewal = Pick<AccessKeyRow, 'previousRootKey' | 'previousUntil' | 'rootKey' | 'version'>

const tokenQueries = (db: Executor) => ({
  async allTokens(): Promise<ApiKeyRow[]> {
    return db.select().from(apiKeys)
  },

  async insertToken(row: ApiKeyRow): Promise<void> {
    await db.insert(apiKeys).values(row)
  },

  async tokensOf(keyId: string): Promise<ApiKeyRow[]> {
    return db.select().from(apiKeys).where(eq(apiKeys.keyId, keyId))
  },

  /** Those of versions before this one. */
  async removeTokensBefore(keyId: string, version: number): Promise<void> {
    await db.delete(apiKeys).where(and(eq(apiKeys.keyId, keyId), lt(apiKeys.version, version)))
  },

  /** Of keys whose version before is accepted no longer, what was that version's. */
  async endGraceBefore(time: number): Promise<void> {
    const over = await db
      .select({ id: accessKeys.id, version: accessKeys.version })
      .from(accessKeys)
      .where(lt(accessKeys.previousUntil, time))
    for (const { id, version } of over) {
      await db.delete(apiKeys).where(and(eq(apiKeys.keyId, id), lt(apiKeys.version, version)))
      const ended = { previousRootKey: null, previousUntil: null }
      await db.update(accessKeys).set(ended).where(eq(accessKeys.id, id))
    }
  },

  async removeTokensOf(keyId: string): Promise<void> {
    await db.delete(apiKeys).where(eq(apiKeys.keyId, keyId))
  },

  async removeTokensExpiredBefore(time: number): Promise<void> {
    await db.delete(apiKeys).where(lt(apiKeys.expiresAt, time))
  },
})

const unexpired = (now: number) => or(isNull(accessKeys.expiresAt), gt(accessKeys.expiresAt, now))

const ownedBy = (tenantId: string | null) =>
  tenantId === null ? isNull(accessKeys.tenantId) : eq(accessKeys.tenantId, tenantId)
