import type { Client, InStatement, Transaction } from '@libsql/client'
import { ANSWER_MS, answeredInTime, fetchInTime, patienceAtStart } from './served.ts'

/** Where the state is: a file of this machine (`file:…`), or a libSQL server. */
export interface Place {
  readonly url: string
  readonly token?: string | undefined
}

export const isFile = ({ url }: Place): boolean => url.startsWith('file:')

type Settings = Readonly<Record<string, number | string>>

/** What holds on every connection of ours, as SQLite reads it back. */
const COMMON: Settings = {
  journal_mode: 'wal',
  // A commit that was answered is on the disk.
  synchronous: 2,
  foreign_keys: 1,
  busy_timeout: 5000,
  // A page that a broken disk has changed is noticed when it is read.
  cell_size_check: 1,
  // Memory that maps the file would end the process at the first error of the disk.
  mmap_size: 0,
  trusted_schema: 0,
}

/**
 * Only the writer moves the log into the database, at the end of one of its own commits. SQLite 3.45 can
 * lose commits when two connections do that at once (the WAL-reset bug, mended in 3.51.3).
 */
const WRITER: Settings = {
  ...COMMON,
  wal_autocheckpoint: 1000,
  // What the log's file may keep after it was emptied.
  journal_size_limit: 16 * 1024 * 1024,
  query_only: 0,
}
const READER: Settings = { ...COMMON, wal_autocheckpoint: 0, query_only: 1 }

export interface Connections {
  readonly writer: Client
  readonly reader: Client
  /** Sees to it that the writer is as it should be: libSQL replaces a connection that it cannot trust. */
  renew(): Promise<void>
  /** From now on somebody waits for each answer. */
  hurry(): void
  close(): Promise<void>
}

/** Two clients of one connection each, since a setting holds for the connection that it was made on. */
export async function connect(place: Place): Promise<Connections> {
  if (!isFile(place)) return served(place)
  // The part that talks to servers is 17 MiB in memory, which nobody with a file has to pay.
  const { createClient } = await import('@libsql/client/sqlite3')
  const config = { url: place.url, concurrency: 1 }
  const writer = refusing(createClient(config))
  await apply(writer, WRITER)
  const reader = createClient(config)
  await apply(reader, READER)
  return {
    writer,
    reader,
    renew: () => apply(writer, WRITER),
    hurry: () => undefined,
    async close() {
      reader.close()
      // libSQL closes its files when it pleases; so the log is emptied here, and not by the last to go.
      // Where there is no room for that, the next start finds the log as it is.
      await writer.execute('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => undefined)
      writer.close()
    },
  }
}

/** A server sees to its own settings, and answers many at once: one client is enough. */
async function served({ url, token }: Place): Promise<Connections> {
  const { createClient } = await import('@libsql/client')
  const patience = patienceAtStart()
  const config = {
    url,
    fetch: fetchInTime(patience),
    ...(token !== undefined && { authToken: token }),
  }
  const client = refusing(answeredInTime(createClient(config), patience))
  return {
    writer: client,
    reader: client,
    renew: () => Promise.resolve(),
    hurry: () => void (patience.ms = ANSWER_MS),
    close: async () => client.close(),
  }
}

/** Makes each setting and reads it back: a PRAGMA that is misspelt or refused says nothing. */
export async function apply(client: Pick<Client, 'execute'>, settings: Settings): Promise<void> {
  for (const [name, wanted] of Object.entries(settings)) {
    // oxlint-disable-next-line no-await-in-loop -- one connection does one thing at a time
    await client.execute(`PRAGMA ${name} = ${wanted}`)
    // oxlint-disable-next-line no-await-in-loop
    const { rows } = await client.execute(`PRAGMA ${name}`)
    const actual: unknown = rows[0]?.[0]
    if (actual !== wanted) {
      throw new Error(
        `The database has ${name} = ${JSON.stringify(actual)} where ${wanted} is needed`,
      )
    }
  }
}

/**
 * libSQL writes NaN as NULL, which is a limit that is not there, and an amount above 2^53 as one that
 * cannot be read again. So neither is sent.
 */
function refusing(client: Client): Client {
  const begin = client.transaction.bind(client)
  client.transaction = async (...mode: []): Promise<Transaction> => {
    const transaction = await begin(...mode)
    const execute = transaction.execute.bind(transaction)
    transaction.execute = async (statement: InStatement) => {
      if (typeof statement !== 'string') refuseInexact(statement.args)
      return execute(statement)
    }
    return transaction
  }
  return client
}

function refuseInexact(args: unknown): void {
  for (const value of Object.values(args ?? {})) {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) continue
    throw new RangeError(`The database takes whole numbers up to 2^53, not ${value}`)
  }
}
