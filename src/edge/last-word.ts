import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { Log } from '../log.ts'

/**
 * What the control plane has said last, on disk, so that a new process serves before it has spoken, or
 * without it. `path` is relative to the edge's folder, where the process lives: the way there may be
 * closed to its user.
 */
export function lastWord<T>(path: string, log: Log) {
  let writing: Promise<void> | undefined
  let next: T | undefined

  /** One after the other, or an older table could win; of those that wait only the newest is written. */
  async function writeAll(): Promise<void> {
    while (next) {
      const text = JSON.stringify(next)
      next = undefined
      await writeFile(`${path}.new`, text, { mode: 0o600 })
      await rename(`${path}.new`, path)
    }
  }

  return {
    read(): T | undefined {
      if (!existsSync(path)) return undefined
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `keep` alone
        return JSON.parse(readFileSync(path, 'utf8')) as T
      } catch (error) {
        log('warn', 'Cannot read what was said last', { path, error })
        return undefined
      }
    },

    keep(word: T): void {
      next = word
      writing ??= writeAll()
        .catch((error: unknown) => log('warn', 'Cannot keep what was said last', { path, error }))
        .finally(() => (writing = undefined))
    },
  }
}
