import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { Meter, Reading } from '../ports/meter.ts'

/** The engine names a container's group by its id, with words round it where systemd makes it. */
const GROUP = /^(?:docker-)?([0-9a-f]{64})(?:\.scope)?$/
/** Deeper than any engine puts a group that it makes, and more groups than a host has. */
const DEEPEST = 6
const MOST_FOLDERS = 20_000

interface Files {
  /** Below the root of the hierarchy: where groups are looked for. */
  readonly tree: string
  readonly memory: (group: string) => Promise<number>
  readonly read: (group: string) => Promise<Reading>
}

/** Reads the kernel's own files, of cgroup version 1 or 2, wherever in the tree the engine has its groups. */
export function cgroupMeter(root = '/sys/fs/cgroup'): Meter {
  const isSecond = existsSync(`${root}/cgroup.controllers`)
  const { tree, memory, read } = isSecond ? filesOfV2(root) : filesOfV1(root)
  const each =
    <T>(look: (group: string) => Promise<T>) =>
    async (engineIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, T>> => {
      const found = await groupsIn(`${root}${tree}`, signal)
      const wanted = engineIds.flatMap((id) => {
        const group = found.get(id)
        return group === undefined ? [] : [{ id, group }]
      })
      const readings = await Promise.all(
        // A container that ends meanwhile takes its files along.
        wanted.map(({ id, group }) => look(group).then((one) => [[id, one] as const], nothing)),
      )
      return new Map(readings.flat())
    }
  return { memory: each(memory), read: each(read) }
}

const nothing = (): [] => []

function filesOfV1(root: string): Files {
  const within = (controller: string, group: string) => (name: string) =>
    textOf(`${root}/${controller}${group}/${name}`)
  async function memory(group: string): Promise<number> {
    const of = within('memory', group)
    const texts = await Promise.all([of('memory.usage_in_bytes'), of('memory.stat')])
    return workingSet(texts, 'total_inactive_file')
  }
  return {
    tree: '/memory',
    memory,
    async read(group) {
      const [cpu, memoryBytes, pids] = await Promise.all([
        within('cpuacct', group)('cpuacct.usage'),
        memory(group),
        within('pids', group)('pids.current'),
      ])
      return { cpuNanos: Number(cpu), memoryBytes, pids: Number(pids) }
    },
  }
}

function filesOfV2(root: string): Files {
  const of = (group: string, name: string) => textOf(`${root}${group}/${name}`)
  async function memory(group: string): Promise<number> {
    const texts = await Promise.all([of(group, 'memory.current'), of(group, 'memory.stat')])
    return workingSet(texts, 'inactive_file')
  }
  return {
    tree: '',
    memory,
    async read(group) {
      const [cpu, memoryBytes, pids] = await Promise.all([
        of(group, 'cpu.stat'),
        memory(group),
        of(group, 'pids.current'),
      ])
      return { cpuNanos: valueOf(cpu, 'usage_usec') * 1000, memoryBytes, pids: Number(pids) }
    },
  }
}

/** Pages of files that nobody has touched lately could be dropped at once. */
const workingSet = ([used, stat]: readonly [string, string], idle: string): number =>
  Math.max(0, Number(used) - valueOf(stat, idle))

/** Every container's group, by the engine's id. */
async function groupsIn(base: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  let level: readonly string[] = ['']
  let looked = 0
  for (let depth = 0; depth < DEEPEST && level.length > 0 && looked < MOST_FOLDERS; depth++) {
    signal.throwIfAborted()
    looked += level.length
    const below = await Promise.all(level.map((folder) => foldersIn(base, folder)))
    for (const group of below.flat()) {
      const id = GROUP.exec(group.slice(group.lastIndexOf('/') + 1))?.[1]
      if (id !== undefined) found.set(id, group)
    }
    level = below.flat().filter((group) => !GROUP.test(group.slice(group.lastIndexOf('/') + 1)))
  }
  return found
}

/** Groups come and go while one looks. */
async function foldersIn(base: string, folder: string): Promise<string[]> {
  const entries = await readdir(`${base}${folder}`, { withFileTypes: true }).catch(nothing)
  return entries.filter((one) => one.isDirectory()).map(({ name }) => `${folder}/${name}`)
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8')

/** From lines of a name and a number. */
function valueOf(stat: string, name: string): number {
  const line = stat.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}
