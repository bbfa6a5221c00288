import { createHash } from 'node:crypto'
import { chmodSync, closeSync, createReadStream, fsyncSync, openSync } from 'node:fs'
import { createClient, type Client } from '@libsql/client'
import { DatabaseError, lastMigration, refuseNewer } from './migrated.ts'

/** What is known of a copy that was read back. */
export interface CopyFacts {
  readonly rows: Readonly<Record<string, number>>
  readonly sha256: string
}

/** A consistent copy of a database that others go on to write: one read transaction, written anew. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const client = createClient({ url: `file:${from}`, concurrency: 1 })
  try {
    // The log is the writer's to move (`connection.ts`).
    await client.execute('PRAGMA wal_autocheckpoint = 0')
    await client.execute('PRAGMA busy_timeout = 5000')
    await client.execute({ sql: 'VACUUM INTO ?', args: [to] })
  } finally {
    client.close()
  }
  chmodSync(to, 0o600)
  flush(to)
}

/** Reads a database from end to end; throws what is wrong with it. */
export async function checkedCopy(path: string, migrationsFolder: string): Promise<CopyFacts> {
  const client = createClient({ url: `file:${path}`, concurrency: 1 })
  try {
    await checkWhole(client, 'integrity_check')
    if ((await lastMigration(client)) === undefined) {
      throw new DatabaseError('Cannot use this file: it is no database of the platform')
    }
    await refuseNewer(client, migrationsFolder)
    return { rows: await rowsOf(client), sha256: await hashOf(path) }
  } catch (error) {
    throw error instanceof DatabaseError ? error : damaged(error)
  } finally {
    client.close()
  }
}

/** `quick_check` leaves out whether the indexes agree with their tables. */
export async function checkWhole(
  client: Pick<Client, 'execute'>,
  check: 'integrity_check' | 'quick_check',
): Promise<void> {
  const { rows } = await client.execute(`PRAGMA ${check}`)
  const said = rows.map((row) => textOf(row[0])).join('; ')
  if (said !== 'ok') throw damaged(new Error(said.slice(0, 500)))
  if (check === 'quick_check') return
  const broken = await client.execute('PRAGMA foreign_key_check')
  if (broken.rows.length > 0) throw damaged(new Error(`${broken.rows.length} rows name no other`))
}

export function damaged(cause: unknown): DatabaseError {
  const why = cause instanceof Error ? cause.message : 'it cannot be read'
  return new DatabaseError(`The database is damaged: ${why}`, { cause })
}

async function rowsOf(client: Client): Promise<Record<string, number>> {
  const tables = await client.execute(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`,
  )
  const names = tables.rows.map((row) => textOf(row[0]))
  const rows: Record<string, number> = {}
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one connection does one thing at a time
    const counted = await client.execute(`SELECT count(*) FROM "${name}"`)
    rows[name] = Number(counted.rows[0]?.[0])
  }
  return rows
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** A file, or the names in a folder, are on the disk when this returns. */
export function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
