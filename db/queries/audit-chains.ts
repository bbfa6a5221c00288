import { and, asc, eq, gt, lte, sql } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { auditChains, auditEntries } from '../schema-audit.ts'

export type AuditChainRow = typeof auditChains.$inferSelect

interface Cut {
  readonly chain: string
  readonly seq: number
  readonly mac: string
  readonly rootKey: number
  readonly seal: string
}

/** Where the chains of the audit log begin and end. */
export const auditChainQueries = (db: Executor) => ({
  async byName(chain: string): Promise<AuditChainRow | undefined> {
    const [row] = await db.select().from(auditChains).where(eq(auditChains.chain, chain))
    return row
  },

  /** Sets the checkpoint of a chain, and removes what lies up to it. */
  async cut({ chain, seq, mac, rootKey, seal }: Cut): Promise<void> {
    await db
      .update(auditChains)
      .set({ cutSeq: seq, cutMac: mac, cutRootKey: rootKey, cutSeal: seal })
      .where(eq(auditChains.chain, chain))
    await db
      .delete(auditEntries)
      .where(and(eq(auditEntries.chain, chain), lte(auditEntries.seq, seq)))
  },

  /** Chains in the order of their names, after one of them. */
  async page(after: string, limit: number): Promise<AuditChainRow[]> {
    return db
      .select()
      .from(auditChains)
      .where(gt(auditChains.chain, after))
      .orderBy(asc(auditChains.chain))
      .limit(limit)
  },

  /** Chains that have moved since their head was logged. */
  async unlogged(limit: number): Promise<AuditChainRow[]> {
    return db
      .select()
      .from(auditChains)
      .where(gt(auditChains.headSeq, auditChains.loggedSeq))
      .limit(limit)
  },

  async logged(chain: string, seq: number): Promise<void> {
    await db
      .update(auditChains)
      .set({ loggedSeq: sql`max(${auditChains.loggedSeq}, ${seq})` })
      .where(eq(auditChains.chain, chain))
  },
})
