import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log.ts'

interface SpentTicketsDeps {
  readonly folder: string
  readonly now: () => number
  readonly log: Log
}

/** A ticket is good for 30 s; after this its file can go. */
const KEPT_MS = 120_000
const SWEEP_EVERY_MS = 60_000

/**
 * Which tickets have been used, as files of that name: the workers share a port and have no memory
 * together, and of two who make the same file only one succeeds.
 */
export function spentTickets({ folder, now, log }: SpentTicketsDeps) {
  let sweptAtMs = 0

  function sweep(): void {
    sweptAtMs = now()
    for (const name of readdirSync(folder)) {
      const file = join(folder, name)
      const stat = statSync(file, { throwIfNoEntry: false })
      if (stat && stat.mtimeMs + KEPT_MS < now()) rmSync(file, { force: true })
    }
  }

  return {
    /** False: it has been used already, or nobody can tell. */
    spend(ticketId: string): boolean {
      if (!/^[\w-]{1,64}$/.test(ticketId)) return false
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        if (now() - sweptAtMs > SWEEP_EVERY_MS) sweep()
        return isNew(join(folder, ticketId))
      } catch (error) {
        log('warn', 'Cannot keep that a ticket has been used', { error })
        return false
      }
    },
  }
}

/** Makes the file; false: it was there. */
function isNew(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
