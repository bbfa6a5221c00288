import { existsSync, readFileSync } from 'node:fs'

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
  if (existsSync(`${ROOT}/cgroup.controllers`)) {
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
