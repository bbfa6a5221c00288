import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { until } from './wait.ts'

/** Finds the processes of one platform by the argument that its supervisor gave them. */

export type Part = 'control-plane' | 'dns' | 'ingress' | `ingress-${number}`

export interface PlatformProcess {
  readonly pid: number
  readonly part: string
  /** Without the number of a worker. */
  readonly kind: string
}

const Argument = z.object({
  instance: z.object({ dataDir: z.string() }),
  role: z.string().default('control-plane'),
})

export function processesOf(dataDir: string): PlatformProcess[] {
  return pids().flatMap((pid) => {
    const words = read(`/proc/${pid}/cmdline`).split('\0')
    const text = words.find((word) => word.startsWith('{"instance":'))
    // `flock` and `setpriv` carry the argument as well, until they become the program itself.
    if (text === undefined || /(flock|setpriv)$/.test(words[0] ?? '') || !isAlive(pid)) return []
    const { instance, role } = Argument.parse(JSON.parse(text))
    return instance.dataDir === dataDir
      ? [{ pid, part: role, kind: role.replace(/-\d+$/, '') }]
      : []
  })
}

/** Every process that has the data directory in its arguments, whatever it is. */
export const strays = (dataDir: string): number[] =>
  pids().filter((pid) => read(`/proc/${pid}/cmdline`).includes(`"dataDir":"${dataDir}"`))

/** Of an engine whose folder this is: what it has between itself and a container. */
export const shimsOf = (engineRoot: string): number[] =>
  pids().filter((pid) => {
    const line = read(`/proc/${pid}/cmdline`)
    return line.includes('containerd-shim') && line.includes(`${engineRoot}/`)
  })

/** A zombie counts as gone. */
export const isAlive = (pid: number): boolean => {
  const stat = read(`/proc/${pid}/stat`)
  return stat !== '' && !/\) [ZX] /.test(stat)
}

export const gone = (pid: number, withinMs = 15_000): Promise<true> =>
  until(`process ${pid} is gone`, () => !isAlive(pid), withinMs)

export const killed = async (pid: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
  process.kill(pid, signal)
  await gone(pid)
}

const pids = (): number[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

/** Empty for a process that has gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
