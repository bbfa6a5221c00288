import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../db/open.ts'

export const MIGRATIONS = fileURLToPath(new URL('../../db/migrations', import.meta.url))

const SHARED_MEMORY = '/dev/shm'
/** Far more than all worlds take that there are at once; Docker gives a container 64 MiB. */
const ROOM_BYTES = 512 * 1024 * 1024

/** Where a flush to the disk costs nothing, if the machine has such a place. */
export const MEMORY = hasRoom(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir()

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > ROOM_BYTES
  } catch {
    // There is no such folder.
    return false
  }
}

/** Made by the first who asks, for all of this process. */
let template: Promise<Uint8Array> | undefined

/**
 * Puts a migrated, empty database there. To migrate one takes longer than most tests do; what a
 * migration does is told by test/db/.
 */
export async function freshDatabase(path: string): Promise<void> {
  template ??= migrated()
  writeFileSync(path, await template)
}

async function migrated(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(MEMORY, 'cloudlet-template-'))
  try {
    const path = join(folder, 'cloudlet.db')
    // What it leaves when it is closed is one file.
    await (await openStore(`file:${path}`, MIGRATIONS)).close()
    return readFileSync(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
