import type { HostFacts } from '../core/capacity.ts'

/** The machine that containers run on. */
export interface Host {
  /** What it has now. Throws where that cannot be read. */
  facts(signal: AbortSignal): Promise<HostFacts>
}
