/** How a container is to be set, as far as others can change it while it lives. */
export interface Wanted {
  readonly memoryBytes: number
  readonly cpuMilli: number
  readonly cpuShares: number
  readonly pids: number
  readonly network: string
}

export interface Found extends Omit<Wanted, 'network'> {
  readonly restart: string
  readonly networks: readonly string[]
}

export interface Drift {
  /** Limits, or a restart policy, that the platform has not set. */
  readonly limits: boolean
  readonly network: boolean
  /** Networks that it is not to be in: each is a hole in the wall between tenants. */
  readonly foreign: readonly string[]
}

const LIMITS = ['memoryBytes', 'cpuMilli', 'cpuShares', 'pids'] as const

/** What is not as wanted; undefined where all is. */
export function driftOf(wanted: Wanted, found: Found): Drift | undefined {
  const limits = found.restart !== 'no' || LIMITS.some((key) => wanted[key] !== found[key])
  const network = !found.networks.includes(wanted.network)
  const foreign = found.networks.filter((name) => name !== wanted.network)
  return limits || network || foreign.length > 0 ? { limits, network, foreign } : undefined
}

/** For people. */
export const driftText = ({ limits, network, foreign }: Drift): string =>
  [
    limits && 'its limits or its restart policy had been changed',
    network && 'it had been taken out of its network',
    foreign.length > 0 && `it had been put into ${foreign.length} other networks`,
  ]
    .filter((part) => part !== false)
    .join('; ')
