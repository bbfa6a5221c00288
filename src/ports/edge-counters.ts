import type { Measures } from '../../proxy/link.ts'

/** What the edge's processes have counted, each for itself and since its own start. */
export interface EdgeCounters {
  /** Asks every process that is there; resolves when all have answered, or the time is over. */
  measure(signal: AbortSignal): Promise<void>
  /** Told whatever one of them says, asked or not: a process that ends says it once more. */
  onMeasures(listener: (measures: Measures) => void): void
}
