import { createClient, type Client } from '@libsql/client'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { mirrored } from './mirror-feed.ts'
import { addressQueries } from './queries/addresses.ts'
import { auditChainQueries } from './queries/audit-chains.ts'
import { auditQueries } from './queries/audit.ts'
import { containerQueries } from './queries/containers.ts'
import { eventQueries } from './queries/events.ts'
import { idempotencyQueries } from './queries/idempotency.ts'
import { imageQueries } from './queries/images.ts'
import { keyQueries } from './queries/keys.ts'
import { limitQueries } from './queries/limits.ts'
import { nameQueries } from './queries/names.ts'
import { networkQueries } from './queries/networks.ts'
import { operationQueries } from './queries/operations.ts'
import { registryQueries } from './queries/registries.ts'
import { tenantQueries } from './queries/tenants.ts'

type Db = LibSQLDatabase
/** Has something done once the transaction is durable, before the next one begins; never if it fails. */
export type AfterCommit = (act: () => void) => void
/** What queries are written against: the database, or one transaction of it. */
export type Transactions = Pick<Db, 'transaction'>
export type Executor = Pick<Db, 'delete' | 'insert' | 'select' | 'selectDistinct' | 'update'>

export const queriesOn = (db: Executor, afterCommit: AfterCommit) => ({
  afterCommit,
  addresses: addressQueries(db),
  audit: auditQueries(db),
  auditChains: auditChainQueries(db),
  containers: containerQueries(db),
  events: eventQueries(db),
  idempotency: idempotencyQueries(db),
  images: imageQueries(db),
  keys: keyQueries(db),
  limits: limitQueries(db),
  names: nameQueries(db),
  networks: networkQueries(db),
  operations: operationQueries(db),
  registries: registryQueries(db),
  tenants: tenantQueries(db),
})
export type Queries = ReturnType<typeof queriesOn>

export interface Store {
  /** Living containers and tenants come from memory (`mirror.ts`), as the last commit has left them. */
  readonly read: Queries
  /** Runs `work` in one write transaction, after those asked for earlier; a throw rolls it back. */
  write<T>(work: (q: Queries) => Promise<T>): Promise<T>
}

export interface OpenStore extends Store {
  /** Waits for the writers in line, then closes. */
  close(): Promise<void>
}

/** How many writers may stand in line before the next one is told to come back. */
const MOST_WAITING = 1000

/** Opens the database, makes it if it is not there, and brings its schema up to date. */
export async function openStore(url: string, migrationsFolder: string): Promise<OpenStore> {
  // Two clients, because a read beside an open transaction of the same client would open a second
  // connection without the PRAGMAs below.
  const writer = await prepared(createClient({ url, concurrency: 1 }))
  const reader = await prepared(createClient({ url, concurrency: 1 }))
  const db = drizzle(writer)
  await migrate(db, { migrationsFolder })
  // SQLite has one writer, and libSQL does not wait for it: a second transaction fails at once with
  // SQLITE_BUSY. So writers of this process stand in line here.
  const table = queriesOn(drizzle(reader), nothingToCommit)
  const mirror = mirrored(db, { table, queriesOn })
  await mirror.fill()
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return {
    get read() {
      return mirror.read()
    },
    write(work) {
      if (waiting >= MOST_WAITING) return Promise.reject(new Error('Too many writers in line'))
      waiting++
      const turn = last.then(() => mirror.write(work))
      last = turn.then(
        () => waiting--,
        () => waiting--,
      )
      return turn
    },
    async close() {
      await last
      reader.close()
      writer.close()
    },
  }
}

export const nothingToCommit: AfterCommit = () => {
  throw new Error('What is read commits nothing')
}

async function prepared(client: Client): Promise<Client> {
  await client.execute('PRAGMA journal_mode = WAL')
  await client.execute('PRAGMA synchronous = FULL')
  await client.execute('PRAGMA foreign_keys = ON')
  await client.execute('PRAGMA busy_timeout = 5000')
  return client
}
