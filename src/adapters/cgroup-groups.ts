import { readdir, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { GroupError, type GroupLimits, type TenantGroups } from '../ports/tenant-groups.ts'
import { cgroupFiles, type CgroupVersion } from './cgroup-files.ts'

export interface CgroupDeps {
  /** `/sys/fs/cgroup`. */
  readonly root: string
  readonly version: CgroupVersion
}

/** Groups as directories of the kernel's own file system, for an engine whose cgroup driver is `cgroupfs`. */
export function cgroupGroups({ root, version }: CgroupDeps): TenantGroups {
  const folders = version === 1 ? ['cpu', 'memory', 'pids'].map((one) => `${root}/${one}`) : [root]

  const now = (file: string): Promise<string> => textOf(`${root}/${file}`)

  /** The engine makes the group in every hierarchy that there is, not only where we limit it. */
  async function everyFolder(): Promise<string[]> {
    if (version === 2) return [root]
    const entries = await readdir(root, { withFileTypes: true })
    return entries.filter((one) => one.isDirectory()).map(({ name }) => `${root}/${name}`)
  }

  return {
    async ensure(group, limits) {
      if (version === 2) await handDown(root)
      for (const folder of folders) await mkdir(`${folder}/${group}`, { recursive: true })
      await hold(group, limits)
      return `/${group}`
    },

    async list(prefix) {
      const found = await Promise.all((await everyFolder()).map((folder) => readdir(folder)))
      return [...new Set(found.flat())].filter((name) => name.startsWith(prefix))
    },

    async remove(group) {
      for (const folder of await everyFolder()) {
        await removeEmpty(`${folder}/${group}`).catch((error: unknown) => {
          if (!LEFT_ALONE.has(codeOf(error))) throw refused(group, error)
        })
      }
    },
  }

  async function hold(group: string, limits: GroupLimits): Promise<void> {
    for (const { file, text } of await cgroupFiles(version, group, { limits, now })) {
      await writeFile(`${root}/${file}`, text).catch((error: unknown) => {
        throw refused(group, error)
      })
    }
  }
}

/** An engine that was killed leaves groups of containers in it that hold no process. */
async function removeEmpty(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmpty(`${folder}/${entry.name}`)
  }
  await rmdir(folder)
}

/** In use, or gone. */
const LEFT_ALONE: ReadonlySet<string> = new Set(['EBUSY', 'ENOTEMPTY', 'ENOENT'])

/** A group has of a controller only what the one above hands down. */
async function handDown(root: string): Promise<void> {
  const file = `${root}/cgroup.subtree_control`
  const handed = new Set((await textOf(file)).split(/\s+/))
  const missing = ['cpu', 'memory', 'pids'].filter((controller) => !handed.has(controller))
  if (missing.length === 0) return
  await writeFile(file, missing.map((controller) => `+${controller}`).join(' '))
}

const textOf = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim()

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const refused = (group: string, cause: unknown): GroupError =>
  new GroupError(`Cannot change the group "${group}"`, { cause })
