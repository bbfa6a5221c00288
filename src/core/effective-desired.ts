/**
 * What is asked for of a container stays as it is while something keeps it from running: with the end of
 * that, what was to run runs again. This is the one place that decides.
 */
export type Desired = 'running' | 'stopped' | 'absent'

/** `held`: it is to run, and may not for now. */
export type EffectiveDesired = Desired | 'held'

/** Who keeps containers from running, and whose word is told first where both do. */
export const HOLDS = ['tenant-suspended', 'node-drained'] as const
export type Hold = (typeof HOLDS)[number]

export interface Holds {
  readonly tenantSuspended: boolean
  readonly nodeDrained: boolean
}

export const effectiveDesired = ({
  desired,
  ...holds
}: Holds & { readonly desired: Desired }): EffectiveDesired =>
  desired === 'running' && holdOf(holds) ? 'held' : desired

export function holdOf({ tenantSuspended, nodeDrained }: Holds): Hold | undefined {
  if (tenantSuspended) return 'tenant-suspended'
  return nodeDrained ? 'node-drained' : undefined
}

const ALL: ReadonlySet<string | null> = new Set(HOLDS)
/** Whether this is why a container does not run, rather than anything of its own. */
export const isHold = (reasonCode: string | null): boolean => ALL.has(reasonCode)
