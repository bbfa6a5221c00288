import { and, asc, eq, gt, isNull, lt, or } from 'drizzle-orm'
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

  /** Every key that is not revoked, of every tenant that is not deleted. */
  async allLive(): Promise<{ readonly key: AccessKeyRow; readonly slug: string | null }[]> {
    return db
      .select({ key: accessKeys, slug: tenants.slug })
      .from(accessKeys)
      .leftJoin(tenants, eq(accessKeys.tenantId, tenants.id))
      .where(and(isNull(accessKeys.revokedAt), isNull(tenants.deletedAt)))
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

  async insert(row: AccessKeyRow): Promise<void> {
    await db.insert(accessKeys).values(row)
  },

  async renew(id: string, next: Pick<AccessKeyRow, 'rootKey' | 'version'>): Promise<void> {
    await db.update(accessKeys).set(next).where(eq(accessKeys.id, id))
  },

  async revoke(id: string, at: number): Promise<void> {
    await db.update(accessKeys).set({ revokedAt: at }).where(eq(accessKeys.id, id))
  },

  async revokeAllOf(tenantId: string, at: number): Promise<void> {
    await db
      .update(accessKeys)
      .set({ revokedAt: at })
      .where(and(eq(accessKeys.tenantId, tenantId), isNull(accessKeys.revokedAt)))
  },

  ...tokenQueries(db),
})

const tokenQueries = (db: Executor) => ({
  async allTokens(): Promise<ApiKeyRow[]> {
    return db.select().from(apiKeys)
  },

  async insertToken(row: ApiKeyRow): Promise<void> {
    await db.insert(apiKeys).values(row)
  },

  async removeTokensOf(keyId: string): Promise<void> {
    await db.delete(apiKeys).where(eq(apiKeys.keyId, keyId))
  },

  async removeTokensExpiredBefore(time: number): Promise<void> {
    await db.delete(apiKeys).where(lt(apiKeys.expiresAt, time))
  },
})

const ownedBy = (tenantId: string | null) =>
  tenantId === null ? isNull(accessKeys.tenantId) : eq(accessKeys.tenantId, tenantId)
