import type { Executor } from '../open.ts'
import { nodes } from '../schema-platform.ts'

export type NodeRow = typeof nodes.$inferSelect

export const nodeQueries = (db: Executor) => ({
  /** Those of which an operator has said something; of the others everything holds that is usual. */
  async all(): Promise<NodeRow[]> {
    return db.select().from(nodes)
  },

  async put(row: NodeRow): Promise<void> {
    await db.insert(nodes).values(row).onConflictDoUpdate({ target: nodes.id, set: row })
  },
})
