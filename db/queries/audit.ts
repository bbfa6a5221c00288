import { and, asc, desc, eq, gt, gte, lt, max, min } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { auditChains, auditEntries } from '../schema-audit.ts'

export type AuditRow = typeof auditEntries.$inferSelect

/** Where to look, and what for. Positions are `seq` inside one chain, `id` over all of them. */
export interface AuditSearch {
  /** Without it the entries of every chain. */
  readonly chain?: string | undefined
  readonly before: number
  readonly notBefore: number
  readonly limit: number
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly action?: string | undefined
  readonly result?: string | undefined
  readonly actor?: string | undefined
}

/** Entries are added and read. What removes the oldest is `cut` of `audit-chains.ts`. */
export const auditQueries = (db: Executor) => ({
  /** Adds what follows the head of its chain, and makes it the head. */
  async append(row: Omit<AuditRow, 'id'>): Promise<void> {
    await db.insert(auditEntries).values(row)
    const head = { headSeq: row.seq, headMac: row.mac }
    await db
      .insert(auditChains)
      .values({ chain: row.chain, ...head })
      .onConflictDoUpdate({ target: auditChains.chain, set: head })
  },

  /** Whether a key has ever asked for a change, granted or not. */
  async anyOf(keyId: string): Promise<boolean> {
    const rows = await db
      .select({ seq: auditEntries.seq })
      .from(auditEntries)
      .where(eq(auditEntries.keyId, keyId))
      .limit(1)
    return rows.length > 0
  },

  /** The newest first. */
  async list({ chain, before, notBefore, limit, ...wanted }: AuditSearch): Promise<AuditRow[]> {
    const position = chain === undefined ? auditEntries.id : auditEntries.seq
    const { since, until, action, result, actor } = wanted
    const conditions = [
      lt(position, before),
      gte(position, notBefore),
      chain === undefined ? undefined : eq(auditEntries.chain, chain),
      since === undefined ? undefined : gte(auditEntries.time, since),
      until === undefined ? undefined : lt(auditEntries.time, until),
      action === undefined ? undefined : eq(auditEntries.action, action),
      result === undefined ? undefined : eq(auditEntries.result, result),
      actor === undefined ? undefined : eq(auditEntries.actor, actor),
    ]
    return db
      .select()
      .from(auditEntries)
      .where(and(...conditions))
      .orderBy(desc(position))
      .limit(limit)
  },

  /** The first and the last position of what is kept of all chains. */
  async span(): Promise<{ first: number; last: number }> {
    const [oldest] = await db.select({ id: min(auditEntries.id) }).from(auditEntries)
    const [newest] = await db.select({ id: max(auditEntries.id) }).from(auditEntries)
    return { first: oldest?.id ?? 1, last: newest?.id ?? 0 }
  },

  /** The entries that follow one of a chain, in their order. */
  async after(chain: string, seq: number, limit: number): Promise<AuditRow[]> {
    return db
      .select()
      .from(auditEntries)
      .where(and(eq(auditEntries.chain, chain), gt(auditEntries.seq, seq)))
      .orderBy(asc(auditEntries.seq))
      .limit(limit)
  },
})
