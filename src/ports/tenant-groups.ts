/**
 * Groups of processes on the host, one a tenant, in which all its containers are: what holds for the
 * group holds for their sum. Every call may be repeated.
 */
export interface TenantGroups {
  /** Makes the group, or gives it other limits; answers the name by which the engine knows it. */
  ensure(group: string, limits: GroupLimits): Promise<string>
  /** The groups whose names begin so. */
  list(prefix: string): Promise<readonly string[]>
  /** Leaves one in which something is still alive. */
  remove(group: string): Promise<void>
}

/** `null`: without limit. */
export interface GroupLimits {
  readonly cpuMilli: number | null
  readonly memoryBytes: number | null
  readonly pids: number | null
}

/** The kernel or the init system did not take it. */
export class GroupError extends Error {
  override readonly name = 'GroupError'
}
