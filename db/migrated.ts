import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type Client } from '@libsql/client'

/** Something about the database that only the operator can put right; the message says how. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}

/** When the last migration of a folder was made: what a database of this version has seen. */
export function newestMigration(folder: string): number {
  const journal: { readonly entries: readonly { readonly when: number }[] } = JSON.parse(
    readFileSync(join(folder, 'meta/_journal.json'), 'utf8'),
  )
  return Math.max(...journal.entries.map(({ when }) => when))
}

/** The last migration that a database has seen; undefined for one without any. */
export async function lastMigration(client: Pick<Client, 'execute'>): Promise<number | undefined> {
  const tables = await client.execute(
    `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '__drizzle_migrations'`,
  )
  if (tables.rows.length === 0) return undefined
  const { rows } = await client.execute('SELECT max(created_at) AS last FROM __drizzle_migrations')
  const last = rows[0]?.['last']
  return typeof last === 'number' ? last : undefined
}

/** Whether the file is a database that an older version has made. */
export async function isOlder(path: string, folder: string): Promise<boolean> {
  if (!existsSync(path)) return false
  const client = createClient({ url: `file:${path}`, concurrency: 1 })
  try {
    const last = await lastMigration(client)
    return last !== undefined && last < newestMigration(folder)
  } finally {
    client.close()
  }
}

/** An older program must not work on what a newer one has made: it does not know what it would break. */
export async function refuseNewer(client: Pick<Client, 'execute'>, folder: string): Promise<void> {
  const last = await lastMigration(client)
  if (last === undefined || last <= newestMigration(folder)) return
  throw new DatabaseError(
    'Cannot open the database: a newer version of the platform has made it; run that version, or restore a backup of this one',
  )
}
