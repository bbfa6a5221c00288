import type { Store } from '../../db/open.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyUse } from './key-view.ts'

const MINUTE_MS = 60_000
/** Keys whose last use is written in one transaction; the others have their turn at the next one. */
const MOST_AT_ONCE = 500

interface Noted extends KeyUse {
  readonly isWritten: boolean
}

/**
 * When each key was used last, and from where. It is kept to the minute in memory and written now and
 * then, all keys together: a write for every request would be most of the writes there are. A crash
 * loses what was not written, which is a minute or so.
 */
export function keyUses({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
  /** As many as there are keys that work, and those that ended since the last flush. */
  const uses = new Map<string, Noted>()
  return {
    note(id: string, from: string): void {
      const now = clock.now().getTime()
      const at = now - (now % MINUTE_MS)
      if (uses.get(id)?.at !== at) uses.set(id, { at, from, isWritten: false })
    },

    of: (id: string): KeyUse | undefined => uses.get(id),

    forget: (id: string): void => void uses.delete(id),

    /** What is not written yet stays for the next time. */
    forgetAllBut(living: ReadonlySet<string>): void {
      for (const [id, { isWritten }] of uses) {
        if (isWritten && !living.has(id)) uses.delete(id)
      }
    },

    async flush(): Promise<void> {
      const due = [...uses].filter(([, { isWritten }]) => !isWritten).slice(0, MOST_AT_ONCE)
      if (due.length === 0) return
      await store.write(async (q) => {
        for (const [id, { at, from }] of due) await q.keys.used(id, { at, from })
      })
      for (const [id, use] of due) {
        if (uses.get(id) === use) uses.set(id, { ...use, isWritten: true })
      }
    },
  }
}
export type KeyUses = ReturnType<typeof keyUses>
