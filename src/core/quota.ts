/**
 * Every kind that a tenant, and all tenants together, can be limited in. A new kind is a row here, and a
 * counter in `services/ledger.ts` if it is reserved.
 *
 * `reserved`: the sum of what is configured, taken in the transaction that inserts a row and given back
 * when the engine has been seen without it. `setting`: a plain value that nothing is taken from.
 */
export const RESOURCES = {
  containers: { label: 'containers', unit: 'count', how: 'reserved' },
  services: { label: 'services', unit: 'count', how: 'reserved' },
  cpuMilli: { label: 'cpu', unit: 'cpuMilli', how: 'reserved' },
  memoryBytes: { label: 'memory', unit: 'bytes', how: 'reserved' },
  pids: { label: 'pids', unit: 'count', how: 'reserved' },
  storageBytes: { label: 'storage', unit: 'bytes', how: 'reserved' },
  volumes: { label: 'volumes', unit: 'count', how: 'reserved' },
  snapshotBytes: { label: 'snapshots', unit: 'bytes', how: 'reserved' },
  networks: { label: 'networks', unit: 'count', how: 'reserved' },
  addresses: { label: 'addresses', unit: 'count', how: 'reserved' },
  hostnames: { label: 'host names', unit: 'count', how: 'reserved' },
  imageBytes: { label: 'images', unit: 'bytes', how: 'reserved' },
  logBytes: { label: 'logs', unit: 'bytes', how: 'reserved' },
  logRetentionSeconds: {
    label: 'log retention',
    unit: 'seconds',
    how: 'setting',
    note: 'older lines are not shown, whatever the engine still has of them',
  },
  eventRetentionSeconds: {
    label: 'event retention',
    unit: 'seconds',
    how: 'setting',
    note: 'older ones are deleted within the hour',
  },
  requestsPerSecond: { label: 'requests a second', unit: 'count', how: 'setting' },
} as const satisfies Record<string, ResourceKind>

export interface ResourceKind {
  /** For people: what stands in a table. */
  readonly label: string
  /** `cpuMilli` is thousandths of one CPU. */
  readonly unit: 'bytes' | 'count' | 'cpuMilli' | 'seconds'
  readonly how: 'reserved' | 'setting'
  /** What a limit does of which that is not plain. */
  readonly note?: string
}

export type Resource = keyof typeof RESOURCES
type OfHow<H extends ResourceKind['how']> = {
  [R in Resource]: (typeof RESOURCES)[R]['how'] extends H ? R : never
}[Resource]
export type Reserved = OfHow<'reserved'>

// `Object.keys` answers strings, and these are all the keys of a closed table.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const RESOURCE_NAMES = Object.keys(RESOURCES) as readonly Resource[]
export const isResource = (name: string): name is Resource => Object.hasOwn(RESOURCES, name)
const isReserved = (name: Resource): name is Reserved => RESOURCES[name].how === 'reserved'
export const RESERVED: readonly Reserved[] = RESOURCE_NAMES.filter(isReserved)

/** What is taken, by kind. What is not named is none. */
export type Amounts = Readonly<Partial<Record<Reserved, number>>>
/** `null` is without limit, 0 is none at all. What is not named is not limited. */
export type Limits = Readonly<Partial<Record<Resource, number | null>>>

export interface Shortage {
  readonly resource: Reserved
  readonly limit: number
  readonly used: number
  readonly requested: number
}

/**
 * Names every resource that `requested` would overdraw. Empty means it fits.
 *
 * A tenant can be over its limit already, because an operator may lower a limit below what is in
 * use. Such a tenant may still ask for other resources, so only those asked for are judged.
 */
export function shortages(limits: Limits, used: Amounts, requested: Amounts): Shortage[] {
  return RESERVED.flatMap((resource) => {
    const limit = limits[resource] ?? null
    const [held, asked] = [used[resource] ?? 0, requested[resource] ?? 0]
    if (limit === null || asked <= 0 || held + asked <= limit) return []
    return [{ resource, limit, used: held, requested: asked }]
  })
}

/** The kinds of which more is taken than may be. Nothing is killed for it, and nothing new admitted. */
export const overLimit = (limits: Limits, used: Amounts): Reserved[] =>
  RESERVED.filter((resource) => (used[resource] ?? 0) > (limits[resource] ?? Infinity))

/** Since when something is kept, where several say for how long: the shortest counts. */
export function keptSince(nowMs: number, seconds: readonly (number | null | undefined)[]): number {
  const spans = seconds.flatMap((one) => one ?? [])
  return Math.max(0, nowMs - Math.min(Infinity, ...spans) * 1000)
}

/** The sum, kind by kind, all of them. */
export function added(all: readonly Amounts[]): Record<Reserved, number> {
  const entries = RESERVED.map((resource) => [
    resource,
    all.reduce((sum, amounts) => sum + (amounts[resource] ?? 0), 0),
  ])
  // Made of every name there is.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as Record<Reserved, number>
}

/** All limits by name, `null` where none is set: what the API shows. */
export function allLimits(limits: Limits): Readonly<Record<Resource, number | null>> {
  const entries = RESOURCE_NAMES.map((resource) => [resource, limits[resource] ?? null])
  // Made of every name there is.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as Record<Resource, number | null>
}
