import { and, eq, lt, sql } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { idempotency } from '../schema.ts'

export type IdempotencyRow = typeof idempotency.$inferSelect

interface IdempotencyBounds {
  readonly most: number
  readonly answerBytes: number
}

export const idempotencyQueries = (db: Executor) => ({
  async find(scope: string, key: string): Promise<IdempotencyRow | undefined> {
    const [row] = await db
      .select()
      .from(idempotency)
      .where(and(eq(idempotency.scope, scope), eq(idempotency.key, key)))
    return row
  },

  /** Adds it, or takes the place of one that is over, or of the same request's own. */
  async put(row: IdempotencyRow): Promise<void> {
    await db
      .insert(idempotency)
      .values(row)
      .onConflictDoUpdate({ target: [idempotency.scope, idempotency.key], set: row })
  },

  async prune(before: number): Promise<void> {
    await db.delete(idempotency).where(lt(idempotency.createdAt, before))
  },

  /** Leaves each scope its newest ones: so many, and whose answers have together so many bytes. */
  async pruneBeyond({ most, answerBytes }: IdempotencyBounds): Promise<void> {
    await db.delete(idempotency).where(
      sql`rowid IN (SELECT id FROM (
        SELECT rowid AS id, row_number() OVER newest AS place,
          sum(coalesce(octet_length(sealed_answer), 0)) OVER newest AS bytes
        FROM ${idempotency}
        WINDOW newest AS (PARTITION BY scope ORDER BY created_at DESC, rowid DESC
          ROWS UNBOUNDED PRECEDING))
        WHERE place > ${most} OR bytes > ${answerBytes})`,
    )
  },
})
