import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../db/open.ts'

export const MIGRATIONS = fileURLToPath(new URL('../../db/migrations', import.meta.url))

/** Made by the first who asks, for all of this process. */
let template: Promise<string> | undefined

/**
 * Puts a migrated, empty database there. To migrate one takes longer than most tests do; what a
 * migration does is told by test/db/.
 */
export async function freshDatabase(path: string): Promise<void> {
  template ??= migrated()
  copyFileSync(await template, path)
}

async function migrated(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-template-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'cloudlet.db')
  await (await openStore(`file:${path}`, MIGRATIONS)).close()
  return path
}
