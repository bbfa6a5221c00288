import {
  copyFileSync,
  chmodSync,
  existsSync,
  linkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { createClient } from '@libsql/client'
import { manifestOf } from './backups.ts'
import { checkedCopy, flush } from './copy.ts'
import { DatabaseError } from './migrated.ts'
import { openStore } from './open.ts'

export interface RestoreWanted {
  /** Path of the backup. */
  readonly backup: string
  /** Path of the database; the caller holds the lock that keeps everybody else away. */
  readonly database: string
  readonly migrations: string
  readonly at: Date
}

/**
 * Puts a backup in the place of a database. It is checked first, as a copy; the old database stays beside
 * it; and the new one has its name in one step, so that a power cut leaves one of the two.
 */
export async function restoreDatabase(
  wanted: RestoreWanted,
): Promise<{ readonly kept: string | undefined }> {
  const { backup, database, migrations, at } = wanted
  const draft = `${database}.restoring`
  removeAll(draft)
  try {
    copyFileSync(backup, draft)
    chmodSync(draft, 0o600)
    const { sha256 } = await checkedCopy(draft, migrations)
    const manifest = manifestOf(dirname(backup), basename(backup))
    if (manifest && manifest.sha256 !== sha256) {
      throw new DatabaseError(`Cannot restore ${backup}: it is not what was written there`)
    }
    await prepare(draft, wanted)
    const kept = await setAside(database, at)
    renameSync(draft, database)
    flush(dirname(database))
    return { kept }
  } finally {
    removeAll(draft)
  }
}

/** Brings the copy's schema up to date, and says that the platform is to look before it acts. */
async function prepare(draft: string, { backup, migrations, at }: RestoreWanted): Promise<void> {
  const store = await openStore(`file:${draft}`, migrations)
  const why = JSON.stringify({ reason: 'restored', from: basename(backup), at: at.toISOString() })
  await store.write((q) => q.platformState.put('safe-mode', why))
  await store.close()
  await emptyLog(draft)
  flush(draft)
}

/** The old database keeps a name of its own, and its log, if it could not be moved into it. */
async function setAside(database: string, at: Date): Promise<string | undefined> {
  if (!existsSync(database)) return undefined
  // One that is damaged cannot do this; then the log goes along as it is.
  await emptyLog(database).catch(() => undefined)
  const kept = `${database}.before-${at.toISOString().replaceAll(':', '-')}`
  linkSync(database, kept)
  if (existsSync(`${database}-wal`)) linkSync(`${database}-wal`, `${kept}-wal`)
  flush(dirname(database))
  // A log that stayed would be taken for the new one's.
  rmSync(`${database}-wal`, { force: true })
  rmSync(`${database}-shm`, { force: true })
  return kept
}

async function emptyLog(path: string): Promise<void> {
  const client = createClient({ url: `file:${path}`, concurrency: 1 })
  try {
    await client.execute('PRAGMA busy_timeout = 5000')
    await client.execute('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    client.close()
  }
  const log = `${path}-wal`
  if (existsSync(log) && statSync(log).size > 0) {
    throw new DatabaseError(`Cannot finish the log of ${path}: it is in use`)
  }
}

function removeAll(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}
