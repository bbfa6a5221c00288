import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'

/** What either kind of edge process is to the one that starts it. */
export interface Role {
  readonly listen: (signal: AbortSignal) => Promise<void>
  readonly takeTable: (table: RouteTable) => void
  readonly takeHealth: (reports: readonly HealthReport[]) => void
  readonly reports: () => readonly HealthReport[]
  /** Called once the link is there to speak through. */
  readonly begin: (tellHealth: (reports: readonly HealthReport[]) => void) => void
  readonly drain: (graceMs: number) => Promise<void>
}
