import { readFileSync } from 'node:fs'
import { fileBackups } from '../../db/backups.ts'
import { DatabaseError, isOlder } from '../../db/migrated.ts'
import { openStore, type OpenStore } from '../../db/open.ts'
import { checkedAside } from '../../db/threads.ts'
import type { Trouble } from '../../db/trouble.ts'
import { isLarge } from '../../db/whole.ts'
import { placesIn } from '../instance.ts'
import type { Backups } from '../ports/backups.ts'
import type { AuditService } from '../services/audit.ts'
import { backupService } from '../services/backups.ts'
import type { EventService } from '../services/events.ts'
import { historyService } from '../services/history.ts'
import type { Outside } from './outside.ts'
import type { StorageWatch } from './storage.ts'

const MIGRATIONS = `${import.meta.dirname}/../../db/migrations`

/** A thread of its own reads some hundred megabytes a second. */
const CHECK_MS = 60 * 60_000

/** Opens the database of the instance, which is a file unless the settings name a server. */
export async function openDatabase(at: Place, storage: StorageWatch): Promise<OpenStore> {
  const { instance, settings } = at
  const told = (trouble: Trouble | undefined): void => storage.told(trouble)
  const server = settings.CLOUDLET_DB_URL
  if (server !== undefined) {
    const file = settings.CLOUDLET_DB_TOKEN_FILE
    const token = file === undefined ? undefined : readFileSync(file, 'utf8').trim()
    return openStore(server, MIGRATIONS, { token, told })
  }
  const { database } = placesIn(instance.dataDir)
  await keepOlder(database, at)
  const store = await openStore(`file:${database}`, MIGRATIONS, { told })
  if (isLarge(database)) {
    checkedAside(database, AbortSignal.timeout(CHECK_MS)).catch((error: unknown) => {
      storage.checkFailed(error)
      if (error instanceof DatabaseError) store.distrust()
    })
  }
  return store
}

/** There is no way back from a migration but to what was before. */
async function keepOlder(database: string, at: Place): Promise<void> {
  try {
    if (!(await isOlder(database, MIGRATIONS))) return
    await files(at).make(at.clock.now(), AbortSignal.timeout(CHECK_MS))
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    const what = 'Cannot copy the database before its schema is brought up to date'
    throw new DatabaseError(`${what}: ${why}`, { cause: error })
  }
}

type Place = Pick<Outside, 'clock' | 'instance' | 'settings'>

function files({ instance, settings }: Pick<Place, 'instance' | 'settings'>): Backups {
  const { database, backups } = placesIn(instance.dataDir)
  return fileBackups({
    database,
    folder: settings.CLOUDLET_DB_BACKUP_DIR ?? backups,
    migrations: MIGRATIONS,
    kept: settings.CLOUDLET_DB_BACKUPS_KEPT,
  })
}

interface Around {
  readonly audit: AuditService
  readonly events: EventService
}

/** What takes care of the database: it forgets what is over, and copies what is there. */
export function databaseServices(outside: Outside, around: Around) {
  const { settings, store, clock } = outside
  return {
    history: historyService({
      store,
      clock,
      eventsKept: {
        most: settings.CLOUDLET_EVENTS_KEPT,
        days: settings.CLOUDLET_EVENTS_KEPT_DAYS,
      },
    }),
    backups: backupService({
      ...around,
      store,
      clock,
      backups: settings.CLOUDLET_DB_URL === undefined ? files(outside) : null,
      everyHours: settings.CLOUDLET_DB_BACKUP_HOURS,
    }),
  }
}
