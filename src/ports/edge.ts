import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'

/** What the control plane asks of the edge. It tells, and hears when it was understood. */
export interface Edge {
  /**
   * Hands the table to every edge process there is and will be; answers the version under which they
   * know it: the table's own, or a later one where the edge has served later ones already.
   */
  publish(table: RouteTable): number
  /** Resolves once the DNS process and every other connected one serves this version or a later one. */
  acknowledged(version: number, signal: AbortSignal): Promise<void>
  readonly health: (containerId: string) => HealthReport | undefined
  /** Told of every change of health. */
  onHealth(listener: (reports: readonly HealthReport[]) => void): void
  readonly isUp: () => boolean
}
