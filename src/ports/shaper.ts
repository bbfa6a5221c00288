import type { Shape } from '../core/bandwidth.ts'

export interface Shaping {
  readonly shapes: readonly Shape[]
  /** The host's ends of cables that have no limit. */
  readonly free: readonly string[]
}

/** The host's traffic control. It touches the cables it is told of and devices with the instance's prefix. */
export interface Shaper {
  /** Makes it so, where it is not. `isThorough`: believes nothing of what it has made before. */
  assert(wanted: Shaping, isThorough: boolean, signal: AbortSignal): Promise<void>
  /** Takes all devices of ours away; limits go with the cables. */
  remove(signal: AbortSignal): Promise<void>
}

/** The host refused. */
export class ShaperError extends Error {
  override readonly name = 'ShaperError'
}
