import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'

/** What the control plane asks of the edge. It tells, and hears when it was understood. */
export interface Edge {
  /** Hands the table to every edge process there is and will be. */
  publish(table: RouteTable): void
  /** Resolves once the DNS process and every other connected one serves this version or a later one. */
  acknowledged(version: number, signal: AbortSignal): Promise<void>
  readonly health: (containerId: string) => HealthReport | undefined
  /** Told of every change of health. */
  onHealth(listener: (reports: readonly HealthReport[]) => void): void
  readonly isUp: () => boolean
}
