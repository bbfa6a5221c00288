import { failure, type Failure } from '../src/core/failure.ts'

/** What keeps the database from being written to. Reads go on. */
export type Trouble = 'away' | 'damaged' | 'full'

/** An operator reads this and knows what to do. */
const WORDS = {
  full: 'the disk of its database is full; make room, and it goes on by itself',
  away: 'its database does not answer; it goes on by itself when it does',
  damaged: 'its database is damaged; restore a backup with "cloudlet restore"',
} as const satisfies Record<Trouble, string>

const RETRY_SECONDS = 5

/** SQLite says FULL, or that a write, a flush or the growing of its index failed: no room, or a bad disk. */
const FULL = /^SQLITE_(FULL|IOERR)/
const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/
/** A file that another holds or that cannot be opened; a server that gives no answer, or one without sense. */
const AWAY =
  /^(SQLITE_(BUSY|LOCKED|READONLY|CANTOPEN)|SERVER_ERROR|HRANA_|TRANSACTION_CLOSED|UND_ERR|ECONN|ETIMEDOUT)/

/** Which trouble an error is a sign of; none where the work itself was wrong. */
export function troubleOf(error: unknown): Trouble | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const code = 'code' in one && typeof one.code === 'string' ? one.code : ''
    if (FULL.test(code)) return 'full'
    if (DAMAGED.test(code)) return 'damaged'
    if (AWAY.test(code) || one.message === 'fetch failed') return 'away'
  }
  return undefined
}

/** What is wrong at the moment, found by whoever reads or writes, and said when it changes. */
export function troubleWatch(told: (trouble: Trouble | undefined) => void) {
  let current: Trouble | undefined
  function found(now: Trouble | undefined): void {
    if (now === current) return
    current = now
    told(now)
  }
  return {
    current: (): Trouble | undefined => current,
    found,
    /** The failure that a caller is shown instead of what the database has said. */
    explained(error: unknown, action: string): unknown {
      const now = troubleOf(error)
      if (!now) return error
      found(now)
      return Object.assign(storageFailure(now, action), { cause: error })
    },
  }
}

export const lineIsFull = (): Failure =>
  failure('storage-unavailable', 'Cannot change anything: too many changes wait for the database', {
    retryAfterSeconds: 1,
  })

export const storageFailure = (trouble: Trouble, action: string): Failure =>
  failure(
    trouble === 'full' ? 'storage-full' : 'storage-unavailable',
    `Cannot ${action}: ${WORDS[trouble]}`,
    { retryAfterSeconds: RETRY_SECONDS },
  )
