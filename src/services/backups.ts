import type { Store } from '../../db/open.ts'
import type { Backup } from '../contract/backups.ts'
import { PLATFORM, type Actor } from '../core/actor.ts'
import type { NewEvent } from '../core/event.ts'
import { failure } from '../core/failure.ts'
import type { Backup as Made, Backups } from '../ports/backups.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { EventService } from './events.ts'

export interface BackupDeps {
  readonly store: Store
  readonly clock: Clock
  readonly audit: Pick<AuditService, 'accepted'>
  readonly events: Pick<EventService, 'record'>
  /** null: a server holds the state, and its backups are its own. */
  readonly backups: Backups | null
  /** 0: only when somebody asks. */
  readonly everyHours: number
}

const HOUR_MS = 60 * 60_000
/** More than a database of gigabytes takes. */
const DEADLINE_MS = 15 * 60_000

/** Backups of the database: when they are due, or somebody asks. One at a time. */
export function backupService({ store, clock, audit, events, backups, everyHours }: BackupDeps) {
  let running: Promise<Made> | undefined

  function made(files: Backups): Promise<Made> {
    // Whoever asks while one is being made gets that one.
    running ??= files
      .make(clock.now(), AbortSignal.timeout(DEADLINE_MS))
      .finally(() => (running = undefined))
    return running
  }

  async function create(actor: Actor): Promise<Backup> {
    if (!backups) throw noFile()
    const backup = await made(backups).catch(async (error: unknown) => {
      await tell(failed(error)).catch(() => undefined)
      throw error
    })
    const shown = shownOf(backup)
    await store.write(async (q) => {
      const target = `backup/${backup.name}`
      const said = { action: 'backups.create', tenant: null, target, status: 201 }
      await audit.accepted(q, actor, { ...said, output: shown })
      await events.record(q, {
        ...OF_PLATFORM,
        action: 'platform.backup-made',
        level: 'info',
        message: `The database was copied to "${backup.name}" and read back`,
        details: { name: backup.name, sizeBytes: backup.sizeBytes },
      })
    })
    return shown
  }

  const tell = (event: NewEvent): Promise<void> => store.write((q) => events.record(q, event))

  return {
    /** A client that goes away does not stop it: the next one would begin anew. */
    async create(actor: Actor, signal: AbortSignal): Promise<Backup> {
      signal.throwIfAborted()
      try {
        return await create(actor)
      } catch (error) {
        throw isOurs(error) ? unmade(error) : error
      }
    },

    async list(): Promise<{ items: Backup[] }> {
      return { items: ((await backups?.list()) ?? []).map(shownOf) }
    },

    /** Makes the one that is due, if it is. */
    async sweep(): Promise<void> {
      if (!backups || everyHours === 0) return
      const [newest] = await backups.list()
      const ageMs = clock.now().getTime() - (newest?.createdAt.getTime() ?? 0)
      if (ageMs >= everyHours * HOUR_MS) await create(PLATFORM)
    },
  }
}
export type BackupService = ReturnType<typeof backupService>

const OF_PLATFORM = {
  tenantId: null,
  target: { kind: 'platform', id: 'database', name: 'database' },
} as const

const failed = (error: unknown): NewEvent => ({
  ...OF_PLATFORM,
  action: 'platform.backup-failed',
  level: 'error',
  message: `Cannot make a backup of the database: ${error instanceof Error ? error.message : ''}`,
})

/** Said by the database about itself: an operator's business, and only operators may ask. */
const isOurs = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'DatabaseError'

const unmade = (error: Error) =>
  failure('storage-unavailable', `Cannot make a backup: ${error.message}`, {
    retryAfterSeconds: 60,
  })

const noFile = () =>
  failure(
    'state-conflict',
    'Cannot make a backup: a libSQL server holds the state; make one there',
    { kind: 'platform', name: 'database', state: 'remote' },
  )

const shownOf = ({ createdAt, ...rest }: Made): Backup => ({
  ...rest,
  createdAt: createdAt.toISOString(),
})
