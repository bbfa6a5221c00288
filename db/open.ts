import type { LibSQLDatabase } from 'drizzle-orm/libsql'
// It takes a client of whatever kind, and of all its sisters loads the fewest.
import { drizzle } from 'drizzle-orm/libsql/sqlite3'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { rotation } from '../src/core/rotation.ts'
import { explaining } from './reading.ts'
import { isUnanswered } from './served.ts'
import { whole } from './whole.ts'
import { mirrored } from './mirror-feed.ts'
import { refuseNewer } from './migrated.ts'
import { addressQueries } from './queries/addresses.ts'
import { alarmQueries } from './queries/alarms.ts'
import { auditChainQueries } from './queries/audit-chains.ts'
import { auditQueries } from './queries/audit.ts'
import { containerQueries } from './queries/containers.ts'
import { eventQueries } from './queries/events.ts'
import { domainQueries } from './queries/domains.ts'
import { certificateQueries } from './queries/certificates.ts'
import { tenantCertificateQueries } from './queries/tenant-certificates.ts'
import { publicCertificateQueries } from './queries/public-certificates.ts'
import { firewallQueries } from './queries/firewalls.ts'
import { idempotencyQueries } from './queries/idempotency.ts'
import { imageQueries } from './queries/images.ts'
import { keyQueries } from './queries/keys.ts'
import { limitQueries } from './queries/limits.ts'
import { nameQueries } from './queries/names.ts'
import { networkQueries } from './queries/networks.ts'
import { nodeQueries } from './queries/nodes.ts'
import { operationQueries } from './queries/operations.ts'
import { peeringQueries } from './queries/peerings.ts'
import { platformStateQueries } from './queries/platform-state.ts'
import { peopleQueries } from './queries/people.ts'
import { registryQueries } from './queries/registries.ts'
import { routeQueries } from './queries/routes.ts'
import { secretQueries } from './queries/secrets.ts'
import { tenantQueries } from './queries/tenants.ts'
import { lineIsFull, storageFailure, troubleWatch, type Trouble } from './trouble.ts'

type Db = LibSQLDatabase
/** Has something done once the transaction is durable, before the next one begins; never if it fails. */
export type AfterCommit = (act: () => void) => void
/** What queries are written against: the database, or one transaction of it. */
export type Transactions = Pick<Db, 'transaction'>
export type Executor = Pick<Db, 'delete' | 'insert' | 'select' | 'selectDistinct' | 'update'>

export const queriesOn = (db: Executor, afterCommit: AfterCommit) => ({
  afterCommit,
  addresses: addressQueries(db),
  alarms: alarmQueries(db),
  audit: auditQueries(db),
  auditChains: auditChainQueries(db),
  containers: containerQueries(db),
  events: eventQueries(db),
  certificates: certificateQueries(db),
  domains: domainQueries(db),
  firewalls: firewallQueries(db),
  idempotency: idempotencyQueries(db),
  images: imageQueries(db),
  keys: keyQueries(db),
  limits: limitQueries(db),
  names: nameQueries(db),
  networks: networkQueries(db),
  nodes: nodeQueries(db),
  operations: operationQueries(db),
  peerings: peeringQueries(db),
  platformState: platformStateQueries(db),
  people: peopleQueries(db),
  publicCertificates: publicCertificateQueries(db),
  registries: registryQueries(db),
  routes: routeQueries(db),
  secrets: secretQueries(db),
  tenantCertificates: tenantCertificateQueries(db),
  tenants: tenantQueries(db),
})
export type Queries = ReturnType<typeof queriesOn>

export interface Store {
  /** Living containers, tenants and nodes come from memory (`mirror.ts`), as the last commit has left them. */
  readonly read: Queries
  /** Runs `work` in one write transaction, when it is the platform's turn; a throw rolls it back. */
  write<T>(work: (q: Queries) => Promise<T>, how?: Writing): Promise<T>
  /** As `write`, in the line of a tenant (by slug or id; null: the platform): tenants come by turns. */
  writeFor<T>(tenant: string | null, work: (q: Queries) => Promise<T>, how?: Writing): Promise<T>
}

export interface Writing {
  /** For writers that are few by themselves: however long the line is, they may stand in it. */
  readonly isNeverRefused?: boolean
}

export interface OpenStore extends Store {
  /** What keeps it from being written to, as the last writer has found. */
  trouble(): Trouble | undefined
  /** Nothing is written any more: what is there cannot be trusted. */
  distrust(): void
  /** Waits for the writers in line, then closes. */
  close(): Promise<void>
}

export interface OpenOptions {
  readonly token?: string | undefined
  /** Told when trouble begins and when it is over. */
  readonly told?: (trouble: Trouble | undefined) => void
}

/** How many writers may stand in line before the next one is told to come back. */
const MOST_WAITING = 1000
/** So many of one tenant: a burst of one is told to come back while others still get into the line. */
const MOST_WAITING_OF_TENANT = 500
/** No tenant's slug or id. */
const PLATFORM = ''
const WRITING = 'change anything'

/** Opens the database, makes it if it is not there, and brings its schema up to date. */
export async function openStore(
  url: string,
  migrationsFolder: string,
  { token, told = () => undefined }: OpenOptions = {},
): Promise<OpenStore> {
  const connections = await whole({ url, token })
  const db = drizzle({ client: connections.writer })
  await refuseNewer(connections.writer, migrationsFolder)
  await migrate(db, { migrationsFolder })
  // Migrations have been at its settings.
  await connections.renew()
  connections.hurry()
  const troubles = troubleWatch(told)
  const reading = queriesOn(drizzle({ client: connections.reader }), nothingToCommit)
  const table = explaining(reading, (error) => troubles.explained(error, 'look it up'))
  const mirror = mirrored(db, { table, queriesOn })
  await mirror.fill()
  const line = writersInLine()
  let probes = 0
  let stalls = 0

  const probing =
    <T>(work: (q: Queries) => Promise<T>) =>
    async (q: Queries): Promise<T> => {
      await q.platformState.put('write-probe', String(++probes))
      return work(q)
    }

  /** Each writer tries, and writes something for sure: that is how the end of a trouble is noticed. */
  async function attempt<T>(work: (q: Queries) => Promise<T>): Promise<T> {
    const trouble = troubles.current()
    if (trouble === 'damaged') throw storageFailure('damaged', WRITING)
    try {
      if (trouble !== undefined) await connections.renew()
      const done = await mirror.write(trouble === undefined ? work : probing(work))
      troubles.found(undefined)
      return done
    } catch (error) {
      if (isUnanswered(error)) stalls++
      throw troubles.explained(error, WRITING)
    }
  }

  /** Who stood in line behind a question that was never answered is not made to wait for as long. */
  function inTurn<T>(work: (q: Queries) => Promise<T>): () => Promise<T> {
    const before = stalls
    return () =>
      stalls === before ? attempt(work) : Promise.reject(storageFailure('away', WRITING))
  }

  return {
    get read() {
      return mirror.read()
    },
    write: (work, how) => line.wait(PLATFORM, inTurn(work), how),
    writeFor: (tenant, work, how) => line.wait(tenant ?? PLATFORM, inTurn(work), how),
    trouble: troubles.current,
    distrust: () => troubles.found('damaged'),
    async close() {
      await line.empty()
      await connections.close()
    },
  }
}

/** The same store for what must go on while requests are told to come back. */
export const neverRefused = (store: OpenStore): OpenStore => ({
  trouble: () => store.trouble(),
  distrust: () => store.distrust(),
  close: () => store.close(),
  get read() {
    return store.read
  },
  write: (work) => store.write(work, { isNeverRefused: true }),
  writeFor: (tenant, work) => store.writeFor(tenant, work, { isNeverRefused: true }),
})

/**
 * SQLite has one writer, and libSQL does not wait for it: a second transaction fails at once with
 * SQLITE_BUSY. So writers of this process stand in line here, also before a server, which has one too.
 * Tenants come by turns, so that a burst of one of them delays the others by a write each.
 */
function writersInLine() {
  const line = rotation<() => Promise<void>>()
  let isAtWork = false
  let atWork: Promise<void> = Promise.resolve()

  async function work(): Promise<void> {
    isAtWork = true
    // oxlint-disable-next-line no-await-in-loop -- one writer
    for (let one = line.next(); one; one = line.next()) await one()
    isAtWork = false
  }

  const isFull = (owner: string): boolean =>
    line.size() + Number(isAtWork) >= MOST_WAITING ||
    (owner !== PLATFORM && line.sizeOf(owner) >= MOST_WAITING_OF_TENANT)

  return {
    wait<T>(owner: string, write: () => Promise<T>, how: Writing = {}): Promise<T> {
      const { isNeverRefused = false } = how
      if (!isNeverRefused && isFull(owner)) return Promise.reject(lineIsFull())
      return new Promise((resolve, reject) => {
        line.put(owner, () => write().then(resolve, reject))
        if (!isAtWork) atWork = work()
      })
    },
    empty: (): Promise<void> => atWork,
  }
}

export const nothingToCommit: AfterCommit = () => {
  throw new Error('What is read commits nothing')
}
