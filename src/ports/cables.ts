/** How containers hang on the host's bridges. */
export interface Cables {
  /**
   * The host's ends of a process's cables, by the hardware address of the other end, each with the bridge
   * that it is in. Empty where the process is gone, or in another world than this one.
   */
  of(pid: number, signal: AbortSignal): Promise<ReadonlyMap<string, Cable>>
}

export interface Cable {
  readonly port: string
  readonly bridge: string
}
