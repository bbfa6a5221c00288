import { execFile } from 'node:child_process'
import {
  chown,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  rmdir,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { SecretFile, SecretFiles } from '../ports/secret-files.ts'

const run = promisify(execFile)
const MOUNT_MS = 10_000
/** Of Linux, statfs(2). */
const TMPFS_MAGIC = 0x0102_1994
/** For all tenants together: each container has at most 1 MiB, and most have some hundred bytes. */
const SIZE = 'size=256m,nr_inodes=131072'
const WALLS = 'mode=0700,nosuid,nodev,noexec'

/** Where an instance has them. /run is for what is not to outlive a boot. */
export const secretsRoot = (instance: string): string => `/run/cloudlet/${instance}/secrets`

/**
 * Folders on a tmpfs of our own, so that nothing of it reaches a disk, whatever /run is on. Only root gets
 * to the folders from outside; inside, a container has its own bound read-only.
 */
export function secretFiles(root: string): SecretFiles {
  const folderOf = (containerId: string): string => join(root, containerId)

  /** One for all who write at once: each would put a tmpfs over the files of the one before. */
  let mounting: Promise<void> | undefined

  function mounted(): Promise<void> {
    mounting ??= mountedOnce().finally(() => (mounting = undefined))
    return mounting
  }

  async function mountedOnce(): Promise<void> {
    if (await isOwnTmpfs(root)) return
    await mkdir(root, { recursive: true, mode: 0o700 })
    try {
      await mount(root, `${SIZE},${WALLS},noswap`)
    } catch {
      // Kernels before 6.4 know no `noswap`: there it is in memory as long as there is enough of it.
      await mount(root, `${SIZE},${WALLS}`)
    }
    if (!(await isOwnTmpfs(root))) throw new Error(`Cannot keep secrets: "${root}" is no tmpfs`)
  }

  return {
    folderOf,

    async write(containerId, files) {
      await mounted()
      const draft = `${folderOf(containerId)}.new`
      await rm(draft, { recursive: true, force: true })
      await mkdir(draft, { mode: 0o755 })
      for (const file of files) await writeOne(draft, file)
      await rm(folderOf(containerId), { recursive: true, force: true })
      await rename(draft, folderOf(containerId))
    },

    async remove(containerId) {
      await rm(folderOf(containerId), { recursive: true, force: true })
      await rm(`${folderOf(containerId)}.new`, { recursive: true, force: true })
    },

    async list() {
      const names = await readdir(root).catch(noneIfMissing)
      return [...new Set(names.map((name) => name.replace(/\.new$/, '')))]
    },
  }
}

async function writeOne(
  folder: string,
  { path, value, mode, uid, gid }: SecretFile,
): Promise<void> {
  const place = join(folder, path)
  await mkdir(dirname(place), { recursive: true, mode: 0o755 })
  await writeFile(place, value, { flag: 'wx', mode })
  await chown(place, uid, gid)
}

async function mount(root: string, options: string): Promise<void> {
  const words = ['-t', 'tmpfs', '-o', options, 'cloudlet-secrets', root]
  await run('mount', words, { timeout: MOUNT_MS })
}

/** A tmpfs, and not that of /run: ours has its own size. */
async function isOwnTmpfs(root: string): Promise<boolean> {
  try {
    const [own, above] = [await lstat(root), await lstat(dirname(root))]
    return own.dev !== above.dev && (await statfs(root)).type === TMPFS_MAGIC
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Takes it all away, also where one was mounted over another; each turn takes one, or throws. */
export async function removeSecretFiles(root: string): Promise<void> {
  while (await isOwnTmpfs(root)) await run('umount', [root], { timeout: MOUNT_MS })
  for (const folder of [root, dirname(root)]) {
    await rmdir(folder).catch(noneIfMissing)
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

function noneIfMissing(error: unknown): string[] {
  if (isMissing(error)) return []
  throw error
}
