/** Names as this host sees them, which is as the engine sees them. */
export interface HostNames {
  /** Every address of the name; none where it cannot be found. */
  addresses(name: string, signal: AbortSignal): Promise<readonly string[]>
  /** Whether the address is one of this host's. */
  isOwn(address: string): boolean
}
