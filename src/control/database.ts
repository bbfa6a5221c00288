import { readFileSync } from 'node:fs'
import { fileBackups } from '../../db/backups.ts'
import { DatabaseError } from '../../db/migrated.ts'
import { openStore } from '../../db/open.ts'
import { checkedAside } from '../../db/threads.ts'
import { isLarge } from '../../db/whole.ts'
import type { Settings } from '../config.ts'
import { placesIn, type Instance } from '../instance.ts'
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
export async function openDatabase(instance: Instance, settings: Settings, storage: StorageWatch) {
  const { database } = placesIn(instance.dataDir)
  const token = settings.CLOUDLET_DB_TOKEN_FILE
  const url = settings.CLOUDLET_DB_URL ?? `file:${database}`
  const store = await openStore(url, MIGRATIONS, {
    token: token === undefined ? undefined : readFileSync(token, 'utf8').trim(),
    told: (trouble) => storage.told(trouble),
  })
  if (settings.CLOUDLET_DB_URL === undefined && isLarge(database)) {
    checkedAside(database, AbortSignal.timeout(CHECK_MS)).catch((error: unknown) => {
      storage.checkFailed(error)
      if (error instanceof DatabaseError) store.distrust()
    })
  }
  return store
}

interface Around {
  readonly audit: AuditService
  readonly events: EventService
}

/** What takes care of the database: it forgets what is over, and copies what is there. */
export function databaseServices({ instance, settings, store, clock }: Outside, around: Around) {
  const { database, backups } = placesIn(instance.dataDir)
  const files = fileBackups({
    database,
    folder: settings.CLOUDLET_DB_BACKUP_DIR ?? backups,
    migrations: MIGRATIONS,
    kept: settings.CLOUDLET_DB_BACKUPS_KEPT,
  })
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
      backups: settings.CLOUDLET_DB_URL === undefined ? files : null,
      everyHours: settings.CLOUDLET_DB_BACKUP_HOURS,
    }),
  }
}
