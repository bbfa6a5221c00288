import { readdir, readFile } from 'node:fs/promises'
import { configFileOf, daemonOf, type EngineDaemon } from '../core/engine-daemon.ts'

/** Programs that keep the clock right, by the name of their process, of which the kernel keeps 15 letters. */
const KEEPERS: ReadonlySet<string> = new Set([
  'chronyd',
  'ntpd',
  'ntpsec',
  'openntpd',
  'systemd-timesyn',
  'VBoxService',
  'vmtoolsd',
])
const ENGINE = 'dockerd'
/** More than a host has that is of any use. */
const MOST_PROCESSES = 50_000

export interface SeenProcesses {
  readonly clockKeepers: readonly string[]
  readonly daemons: readonly EngineDaemon[]
}

/** What the processes of this machine tell. They come and go while one looks. */
export async function seenProcesses(proc = '/proc'): Promise<SeenProcesses> {
  const pids = await readdir(proc).catch(() => [])
  const folders = pids
    .filter((name) => /^\d+$/.test(name))
    .slice(0, MOST_PROCESSES)
    .map((pid) => `${proc}/${pid}`)
  const named = await Promise.all(
    folders.map(async (folder) => ({ folder, name: (await textOf(`${folder}/comm`)).trim() })),
  )
  const daemons = await Promise.all(
    named.filter(({ name }) => name === ENGINE).map(({ folder }) => daemonAt(folder)),
  )
  const keepers = named.map(({ name }) => name).filter((name) => KEEPERS.has(name))
  return { clockKeepers: [...new Set(keepers)].toSorted(), daemons }
}

async function daemonAt(folder: string): Promise<EngineDaemon> {
  const argv = (await textOf(`${folder}/cmdline`)).split('\0').slice(1, -1)
  return daemonOf(argv, await readFile(configFileOf(argv), 'utf8').catch(() => null))
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
