import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseError } from '../db/migrated.ts'
import { restoreDatabase } from '../db/restore.ts'
import { readSettings, SettingsError, thisWorld } from './config.ts'
import { placesIn } from './instance.ts'
import { PrepareError } from './prepare/error.ts'

/** Puts a backup in the place of the database, while no platform runs. */

const MIGRATIONS = `${import.meta.dirname}/../db/migrations`

async function restore(given: string | undefined): Promise<string> {
  if (given === undefined) throw new PrepareError('Name the backup: cloudlet restore <file>')
  const settings = readSettings(thisWorld())
  if (settings.CLOUDLET_DB_URL !== undefined) {
    throw new PrepareError('Cannot restore: a libSQL server holds the state; restore it there')
  }
  const backup = resolve(given)
  if (!existsSync(backup)) throw new PrepareError(`Cannot find the backup ${backup}`)
  const places = placesIn(settings.CLOUDLET_DATA_DIR)
  mkdirSync(places.control, { recursive: true, mode: 0o700 })
  const release = await locked(places.lock)
  try {
    const at = new Date()
    const { kept } = await restoreDatabase({
      backup,
      database: places.database,
      migrations: MIGRATIONS,
      at,
    })
    const old = kept === undefined ? '' : ` What was there before is ${kept}.`
    return `Restored ${backup}.${old} The platform starts in safe mode.`
  } finally {
    release()
  }
}

/** Holds the lock of the data directory as a control plane does: neither begins while the other is at it. */
async function locked(lock: string): Promise<() => void> {
  const holder = spawn('flock', ['--nonblock', lock, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  holder.stdin.on('error', () => undefined)
  holder.stdin.write('held\n')
  const echoed = once(holder.stdout, 'data').then(() => true)
  const refused = once(holder, 'close').then(() => false)
  if (!(await Promise.race([echoed, refused]))) {
    throw new PrepareError('Cannot restore: the platform runs; stop it first')
  }
  return () => holder.stdin.end()
}

try {
  process.stdout.write(`${await restore(process.argv[2])}\n`)
} catch (error) {
  const isSaid = [DatabaseError, PrepareError, SettingsError].some((one) => error instanceof one)
  if (!isSaid || !(error instanceof Error)) throw error
  process.stderr.write(`cloudlet: ${error.message}\n`)
  process.exitCode = 1
}
