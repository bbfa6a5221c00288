import { and, desc, eq, lt } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { audit } from '../schema.ts'

export type AuditRow = typeof audit.$inferSelect

interface AuditPage {
  /** Without it the entries of the whole platform. */
  readonly tenantId?: string | undefined
  readonly before?: number | undefined
  readonly limit: number
}

/** Entries are added and read: nothing here changes or removes one. */
export const auditQueries = (db: Executor) => ({
  async insert(row: Omit<AuditRow, 'seq'>): Promise<void> {
    await db.insert(audit).values(row)
  },

  /** Whether a key has ever asked for a change, granted or not. */
  async anyOf(keyId: string): Promise<boolean> {
    const rows = await db
      .select({ seq: audit.seq })
      .from(audit)
      .where(eq(audit.keyId, keyId))
      .limit(1)
    return rows.length > 0
  },

  /** The newest first. */
  async list({ tenantId, before, limit }: AuditPage): Promise<AuditRow[]> {
    return db
      .select()
      .from(audit)
      .where(
        and(
          tenantId === undefined ? undefined : eq(audit.tenantId, tenantId),
          before === undefined ? undefined : lt(audit.seq, before),
        ),
      )
      .orderBy(desc(audit.seq))
      .limit(limit)
  },
})
