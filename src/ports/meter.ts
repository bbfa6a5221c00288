/** What the kernel says that a container uses. */
export interface Reading {
  /** Time on CPUs since it was started. */
  readonly cpuNanos: number
  /** Without pages of files that could be dropped at once. */
  readonly memoryBytes: number
  readonly pids: number
}

export interface Meter {
  /** The memory alone, for those who look often. */
  memory(engineIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>>
  /** By the engine's own id; one that cannot be read is left out. */
  read(engineIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Reading>>
}
