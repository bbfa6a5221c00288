import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { RouteTable } from '../../proxy/core/route-table.ts'
import type { Log } from '../log.ts'

/**
 * The last route table on disk, so that a new process serves before the control plane has spoken, or
 * without it. `path` is relative to the edge's folder, where the process lives: the way there may be
 * closed to its user.
 */
export function tableFile(path: string, log: Log) {
  let writing: Promise<void> | undefined
  let next: RouteTable | undefined

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
    read(): RouteTable | undefined {
      if (!existsSync(path)) return undefined
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `keep` alone
        return JSON.parse(readFileSync(path, 'utf8')) as RouteTable
      } catch (error) {
        log('warn', 'Cannot read the last route table', { error })
        return undefined
      }
    },

    keep(table: RouteTable): void {
      next = table
      writing ??= writeAll()
        .catch((error: unknown) => log('warn', 'Cannot keep the route table', { error }))
        .finally(() => (writing = undefined))
    },
  }
}
