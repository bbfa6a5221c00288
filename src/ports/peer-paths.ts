/** Packets may go from one bridge to another, with the address that they have. */
export interface PeerPath {
  readonly from: string
  readonly to: string
  /** Ranges of the two networks, as CIDR. */
  readonly fromRange: string
  readonly toRange: string
}

/**
 * Leaves of the engine's own chains to those networks that are peers: it keeps all networks apart, and
 * hides the address of whatever leaves one. What may pass is the packet filter's matter.
 */
export interface PeerPaths {
  /** Makes them these, if they are not. `isThorough`: believes nothing of what it has made before. */
  assert(paths: readonly PeerPath[], isThorough: boolean, signal: AbortSignal): Promise<void>
  remove(signal: AbortSignal): Promise<void>
}
