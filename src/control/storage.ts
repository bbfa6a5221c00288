import type { Store } from '../../db/open.ts'
import type { Trouble } from '../../db/trouble.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Timers } from '../ports/timers.ts'
import type { EventService } from '../services/events.ts'

interface Deps {
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}

interface Writing {
  readonly store: Store
  readonly events: Pick<EventService, 'record'>
}

/** While nothing can be written, one write is tried so often: nobody else may want to write. */
const TRY_EVERY_MS = 5_000

/** Says when the database cannot be written to, tries again, and tells afterwards what was. */
export function storageWatch({ clock, timers, log }: Deps) {
  let began: { readonly trouble: Trouble; readonly at: Date } | undefined
  let writing: Writing | undefined

  function tryAgain(): void {
    if (!began || began.trouble === 'damaged') return
    timers.after(TRY_EVERY_MS, () => {
      // Its failure is told like that of any other writer; a success ends the trouble.
      writing?.store.write(() => Promise.resolve()).catch(() => undefined)
      tryAgain()
    })
  }

  function recovered(trouble: Trouble, since: Date): void {
    const seconds = Math.round((clock.now().getTime() - since.getTime()) / 1000)
    log('warn', 'The database can be written to again', { trouble, seconds })
    writing?.store
      .write(async (q) =>
        writing?.events.record(q, {
          tenantId: null,
          action: 'platform.storage-recovered',
          level: 'warning',
          target: { kind: 'platform', id: 'database', name: 'database' },
          message: `Nothing could be changed for ${seconds} s: the database was ${trouble}`,
          details: { trouble, since: since.toISOString(), seconds },
        }),
      )
      .catch((error: unknown) => log('warn', 'Cannot write an event', { error }))
  }

  return {
    /** What writes; known only after the database is open. */
    watch(known: Writing): void {
      writing = known
    },

    /** Of a check that goes on while the platform runs already. */
    checkFailed(error: unknown): void {
      log('error', 'The check of the database has failed', { error })
    },

    told(trouble: Trouble | undefined): void {
      const before = began
      began = trouble && { trouble, at: before?.at ?? clock.now() }
      if (trouble) log('error', 'The database cannot be written to; reads go on', { trouble })
      else if (before) recovered(before.trouble, before.at)
      if (!before) tryAgain()
    },
  }
}
export type StorageWatch = ReturnType<typeof storageWatch>
