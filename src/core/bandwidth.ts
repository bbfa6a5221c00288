/** What a container may receive and send, in bits a second. */
export interface Bandwidth {
  readonly ingress?: number | undefined
  readonly egress?: number | undefined
}

export const LEAST_BITS = 64_000
export const MOST_BITS = 100_000_000_000

/** How a limit shapes the cables of one container. */
export interface Shape {
  /** Names of the host's ends of its cables. */
  readonly cables: readonly string[]
  /** Name of the device that all it sends goes through, so that its networks share the limit. */
  readonly funnel: string
  /** Bits a second; null: no limit. */
  readonly ingress: number | null
  readonly egress: number | null
}

/** Of the instance, up to the container's own part. The packet filter knows bridges by another. */
export const funnelPrefix = (instance: string): string => `ci${instance.slice(0, 4)}`

/** Names of devices have at most 15 letters. */
export const funnelName = (instance: string, containerId: string): string =>
  `${funnelPrefix(instance)}${containerId.slice(0, 9)}`

const BITS = 8
/** So much of a second may go at once; the kernel's clock, which refills the bucket, ticks at least twice in it. */
const BURST_SECONDS = 1 / 50
/** Whole packets, also at low rates. */
const LEAST_BURST_BYTES = 4096

/** Bytes that may go at once (tc-tbf(8), `burst`). */
export const burstBytes = (bitsPerSecond: number): number =>
  Math.max(LEAST_BURST_BYTES, Math.ceil((bitsPerSecond / BITS) * BURST_SECONDS))
