import type { Amounts, Limits } from './quota.ts'

/** `null`: without limit. */
interface GroupLimits {
  readonly cpuMilli: number | null
  readonly memoryBytes: number | null
  readonly pids: number | null
}

/**
 * What a tenant's containers may take in sum: its limits, or what it has reserved where an operator has
 * lowered a limit below that. Such a tenant keeps what it has: the kernel would kill for memory, and
 * takes no quota below that of a container inside.
 */
export function groupLimits(limits: Limits, reserved: Amounts): GroupLimits {
  return {
    cpuMilli: most(limits.cpuMilli, reserved.cpuMilli),
    memoryBytes: most(limits.memoryBytes, reserved.memoryBytes),
    pids: most(limits.pids, reserved.pids),
  }
}

const most = (limit: number | null = null, used = 0): number | null =>
  limit === null ? null : Math.max(limit, used)
