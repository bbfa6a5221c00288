/** How a container is to be set, as far as others can change it while it lives. */
export interface Wanted {
  readonly memoryBytes: number
  readonly cpuMilli: number
  readonly cpuShares: number
  readonly pids: number
  readonly networks: readonly string[]
}

export interface Found extends Wanted {
  readonly restart: string
}

export interface Drift {
  /** Limits, or a restart policy, that the platform has not set. */
  readonly limits: boolean
  /** Networks that it is to be in, and is not. */
  readonly missing: readonly string[]
  /** Networks that it is not to be in: each is a hole in the wall between tenants. */
  readonly foreign: readonly string[]
}

const LIMITS = ['memoryBytes', 'cpuMilli', 'cpuShares', 'pids'] as const

/** What is not as wanted; undefined where all is. */
export function driftOf(wanted: Wanted, found: Found): Drift | undefined {
  const limits = found.restart !== 'no' || LIMITS.some((key) => wanted[key] !== found[key])
  const missing = wanted.networks.filter((name) => !found.networks.includes(name))
  const foreign = found.networks.filter((name) => !wanted.networks.includes(name))
  const isSame = !limits && missing.length === 0 && foreign.length === 0
  return isSame ? undefined : { limits, missing, foreign }
}

/** For people. */
export const driftText = ({ limits, missing, foreign }: Drift): string =>
  [
    limits && 'its limits or its restart policy had been changed',
    missing.length > 0 && 'it had been taken out of its network',
    foreign.length > 0 && `it had been put into ${foreign.length} other networks`,
  ]
    .filter((part) => part !== false)
    .join('; ')
