import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backup, Backups } from '../src/ports/backups.ts'
import { flush } from './copy.ts'
import { copiedAside } from './threads.ts'

export interface BackupDeps {
  /** Path of the database. */
  readonly database: string
  readonly folder: string
  readonly migrations: string
  /** So many of the newest stay. */
  readonly kept: number
}

const NAME = /^cloudlet-[\dTZ.-]+\.db$/
/** A draft, with what SQLite may keep beside it. */
const DRAFT = /^cloudlet-[\dTZ.-]+\.db\.new(-[a-z]+)?$/
const MANIFEST = /^(cloudlet-[\dTZ.-]+\.db)\.json$/

/**
 * Backups as files: a copy, and beside it what is known of it. It has its name only when it has been read
 * back and is on the disk, so that what looks like a backup is one.
 */
export function fileBackups({ database, folder, migrations, kept }: BackupDeps): Backups {
  const known = (): Backup[] => {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => NAME.test(name)) : []
    return names
      .toSorted()
      .toReversed()
      .flatMap((name) => manifestOf(folder, name) ?? [])
  }

  function prune(): void {
    for (const { name } of known().slice(kept)) {
      rmSync(join(folder, name), { force: true })
      rmSync(join(folder, `${name}.json`), { force: true })
    }
  }

  /** What a process left that ended in the middle: only one makes backups here, and it is about to. */
  function removeLeftovers(): void {
    const names = new Set(readdirSync(folder))
    for (const name of names) {
      const of = MANIFEST.exec(name)?.[1]
      if (DRAFT.test(name) || (of !== undefined && !names.has(of))) rmSync(join(folder, name))
    }
  }

  return {
    list: () => Promise.resolve(known()),

    async make(at, signal) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      removeLeftovers()
      const name = `cloudlet-${at.toISOString().replaceAll(':', '-')}.db`
      const path = join(folder, name)
      const draft = `${path}.new`
      try {
        const facts = await copiedAside({ from: database, to: draft, migrations }, signal)
        const backup = { name, createdAt: at, sizeBytes: statSync(draft).size, ...facts }
        const text = `${JSON.stringify(backup, null, 2)}\n`
        writeFileSync(`${path}.json`, text, { mode: 0o600, flush: true })
        renameSync(draft, path)
        flush(folder)
        prune()
        return backup
      } finally {
        rmSync(draft, { force: true })
      }
    },
  }
}

/** What was written beside a backup; nothing where that is missing or not what we would have written. */
export function manifestOf(folder: string, name: string): Backup | undefined {
  try {
    const read: Partial<Record<keyof Backup, unknown>> = JSON.parse(
      readFileSync(join(folder, `${name}.json`), 'utf8'),
    )
    const { createdAt, sizeBytes, sha256, rows } = read
    if (typeof createdAt !== 'string' || Number.isNaN(Date.parse(createdAt))) return undefined
    if (typeof sizeBytes !== 'number' || typeof sha256 !== 'string') return undefined
    const counts = Object.entries(rows ?? {}).filter(([, count]) => typeof count === 'number')
    const at = new Date(createdAt)
    return { name, createdAt: at, sizeBytes, sha256, rows: Object.fromEntries(counts) }
  } catch {
    return undefined
  }
}
