import { existsSync, readdirSync, readFileSync } from 'node:fs'

const ROOT = '/sys/fs/cgroup'

export interface Limits {
  readonly memoryBytes: number
  readonly swapBytes: number
  /** Of one CPU in a second, in thousandths. */
  readonly cpuMilli: number
  readonly pids: number
}

/** What the kernel holds the process to, whichever of the two cgroup hierarchies it has. */
export function limitsOf(pid: number): Limits {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  if (isUnified()) {
    const path = `${ROOT}${lines.find((line) => line.startsWith('0::'))?.slice(3) ?? ''}`
    const [quota, period] = textOf(`${path}/cpu.max`).split(' ').map(Number)
    return {
      memoryBytes: Number(textOf(`${path}/memory.max`)),
      swapBytes: Number(textOf(`${path}/memory.swap.max`)),
      cpuMilli: ((quota ?? 0) / (period ?? 1)) * 1000,
      pids: Number(textOf(`${path}/pids.max`)),
    }
  }
  const read = (controller: string, file: string): number => {
    const line = lines.find((each) => each.split(':')[1]?.split(',').includes(controller))
    return Number(textOf(`${ROOT}/${controller}${line?.split(':')[2] ?? ''}/${file}`))
  }
  const memoryBytes = read('memory', 'memory.limit_in_bytes')
  return {
    memoryBytes,
    swapBytes: read('memory', 'memory.memsw.limit_in_bytes') - memoryBytes,
    cpuMilli: (read('cpu', 'cpu.cfs_quota_us') / read('cpu', 'cpu.cfs_period_us')) * 1000,
    pids: read('pids', 'pids.max'),
  }
}

const textOf = (path: string): string => readFileSync(path, 'utf8').trim()

/** All groups at the top of the hierarchies whose names begin so. */
export function groupsOf(prefix: string): string[] {
  const folders = isUnified() ? [ROOT] : readdirSync(ROOT).map((one) => `${ROOT}/${one}`)
  const names = folders.flatMap((folder) => readdirSync(folder))
  return [...new Set(names)].filter((name) => name.startsWith(prefix))
}

/** What the kernel holds a group at the top to; `null` is without limit. */
export function limitsOfGroup(group: string) {
  const read = (controller: string, file: string): string =>
    textOf(isUnified() ? `${ROOT}/${group}/${file}` : `${ROOT}/${controller}/${group}/${file}`)
  const [quota = '', period = ''] = isUnified()
    ? read('cpu', 'cpu.max').split(' ')
    : [read('cpu', 'cpu.cfs_quota_us'), read('cpu', 'cpu.cfs_period_us')]
  const quotaUs = limit(quota)
  return {
    cpuMilli: quotaUs === null ? null : (quotaUs / Number(period)) * 1000,
    memoryBytes: limit(read('memory', isUnified() ? 'memory.max' : 'memory.limit_in_bytes')),
    pids: limit(read('pids', 'pids.max')),
  }
}

const isUnified = (): boolean => existsSync(`${ROOT}/cgroup.controllers`)

const limit = (text: string): number | null =>
  text === 'max' || Number(text) < 0 || Number(text) > 2 ** 60 ? null : Number(text)
