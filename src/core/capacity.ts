import { shortages, type Amounts, type Reserved } from './quota.ts'

/** What a machine has. */
export interface HostFacts {
  readonly cpus: number
  readonly memoryBytes: number
  /** What could be given to a process that asks for it. */
  readonly memoryFreeBytes: number
  readonly disks: readonly Disk[]
}

export interface Disk {
  /** A folder on it: that of the platform's data, or of the engine. */
  readonly path: string
  readonly sizeBytes: number
  /** What may still be written to it by those who are not root. */
  readonly freeBytes: number
}

/** How much of the machine may be promised. `null`: it is not looked at. */
export interface CapacityPolicy {
  /** So many times the machine's CPUs and memory may be reserved, since few use all they reserve. */
  readonly overcommitCpu: number | null
  readonly overcommitMemory: number | null
  /** A disk that is fuller than this takes nothing new. */
  readonly diskHighWaterPercent: number | null
}

/** What there is no room for. How full the place is, and of whose, is nobody's business but the operator's. */
export interface Lack {
  readonly scope: 'platform' | 'host'
  readonly resource: Reserved | 'disk'
  readonly requested: number
}

/** What may be reserved on a machine in all; `null` where it is not limited. */
export const capacityOf = (
  { cpus, memoryBytes }: HostFacts,
  { overcommitCpu, overcommitMemory }: CapacityPolicy,
) => ({
  cpuMilli: overcommitCpu === null ? null : Math.floor(cpus * 1000 * overcommitCpu),
  memoryBytes: overcommitMemory === null ? null : Math.floor(memoryBytes * overcommitMemory),
})

export interface Machine {
  readonly facts: HostFacts
  readonly policy: CapacityPolicy
}

/** Names what the machine has no room for. Only what is asked for is judged, as with a tenant's quota. */
export function hostLacks({ facts, policy }: Machine, used: Amounts, requested: Amounts): Lack[] {
  const short = shortages(capacityOf(facts, policy), used, requested)
  const lacks = short.map(({ resource, requested: asked }) => ({ resource, requested: asked }))
  const bytes = WRITTEN.reduce((sum, resource) => sum + (requested[resource] ?? 0), 0)
  if (bytes > 0 && fullDisks({ facts, policy }).length > 0) {
    return [...lacks, { resource: 'disk' as const, requested: bytes }].map(ofHost)
  }
  return lacks.map(ofHost)
}

const ofHost = (lack: Omit<Lack, 'scope'>): Lack => ({ scope: 'host', ...lack })

/** What ends on a disk. */
const WRITTEN = ['imageBytes', 'logBytes', 'snapshotBytes', 'storageBytes'] as const

export function fullDisks({ facts, policy }: Machine): readonly Disk[] {
  const most = policy.diskHighWaterPercent
  return most === null ? [] : facts.disks.filter((disk) => usedPercent(disk) > most)
}

export const usedPercent = ({ sizeBytes, freeBytes }: Disk): number =>
  sizeBytes === 0 ? 0 : Math.round(((sizeBytes - freeBytes) / sizeBytes) * 1000) / 10
