import { eq } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { platformState } from '../schema-platform.ts'

/** `safe-mode`: set by a restore with its reason as JSON, acted on by the reconciler. `write-probe`: see `open.ts`. */
export type PlatformStateKey = 'safe-mode' | 'write-probe'

export const platformStateQueries = (db: Executor) => ({
  async find(key: PlatformStateKey): Promise<string | undefined> {
    const [row] = await db.select().from(platformState).where(eq(platformState.key, key))
    return row?.value
  },

  async put(key: PlatformStateKey, value: string): Promise<void> {
    await db
      .insert(platformState)
      .values({ key, value })
      .onConflictDoUpdate({ target: platformState.key, set: { value } })
  },

  async remove(key: PlatformStateKey): Promise<void> {
    await db.delete(platformState).where(eq(platformState.key, key))
  },
})
