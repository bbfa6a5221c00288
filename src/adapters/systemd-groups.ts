import { readdir } from 'node:fs/promises'
import { GroupError, type GroupLimits, type TenantGroups } from '../ports/tenant-groups.ts'

export interface SystemdDeps {
  /** `/sys/fs/cgroup`, or its folder `systemd` with cgroup version 1: where the slices are. */
  readonly root: string
  /** Runs `systemctl` with these words, and answers what it prints. */
  readonly systemctl: (words: readonly string[]) => Promise<string>
}

/**
 * Groups as slices, for an engine whose cgroup driver is `systemd`: that tree belongs to systemd, which
 * would take away what others write into it. Nothing of it outlives a boot (`--runtime`).
 */
export function systemdGroups({ root, systemctl }: SystemdDeps): TenantGroups {
  /** What each was told last, since asking costs a process. */
  const told = new Map<string, string>()

  async function ask(group: string, words: readonly string[]): Promise<string> {
    try {
      return await systemctl(words)
    } catch (cause) {
      throw new GroupError(`Cannot change the group "${group}"`, { cause })
    }
  }

  return {
    async ensure(group, limits) {
      const slice = sliceOf(group)
      const properties = propertiesOf(limits)
      const text = properties.join(' ')
      const there = await isThere(root, slice)
      if (told.get(group) === text && there) return slice
      await ask(group, ['set-property', '--runtime', slice, ...properties])
      await ask(group, ['start', slice])
      told.set(group, text)
      return slice
    },

    async list(prefix) {
      const names = await readdir(root)
      return names.flatMap((name) =>
        name.startsWith(prefix) && name.endsWith(SLICE) ? [name.slice(0, -SLICE.length)] : [],
      )
    },

    async remove(group) {
      const slice = sliceOf(group)
      // To stop a slice is to stop all that is in it.
      if (await isInhabited(root, slice)) return
      await ask(group, ['stop', slice])
      await ask(group, ['revert', slice])
      told.delete(group)
    },
  }
}

const SLICE = '.slice'
const sliceOf = (group: string): string => `${group}${SLICE}`

/** An empty quota is none. */
const propertiesOf = ({ cpuMilli, memoryBytes, pids }: GroupLimits): string[] => [
  `CPUQuota=${cpuMilli === null ? '' : `${cpuMilli / 10}%`}`,
  `MemoryMax=${memoryBytes ?? 'infinity'}`,
  `MemorySwapMax=${memoryBytes === null ? 'infinity' : '0'}`,
  `TasksMax=${pids ?? 'infinity'}`,
]

async function isThere(root: string, slice: string): Promise<boolean> {
  return (await readdir(root)).includes(slice)
}

/** Containers are groups of their own below their tenant's. */
async function isInhabited(root: string, slice: string): Promise<boolean> {
  if (!(await isThere(root, slice))) return false
  const entries = await readdir(`${root}/${slice}`, { withFileTypes: true })
  return entries.some((entry) => entry.isDirectory())
}
