import type { Challenge } from '../../proxy/core/challenges.ts'
import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'
import type { TlsSettings } from '../../proxy/core/server-names.ts'
import type { EdgeNews } from '../../proxy/link-server.ts'
import type { Measures, OpenTunnel } from '../../proxy/link.ts'

/** What either kind of edge process is to the one that starts it. */
export interface Role {
  readonly listen: (signal: AbortSignal) => Promise<void>
  readonly takeTable: (table: RouteTable) => void
  readonly takeHealth: (reports: readonly HealthReport[]) => void
  readonly takeTls: (settings: TlsSettings) => void
  readonly takeChallenges: (challenges: readonly Challenge[]) => void
  readonly reports: () => readonly HealthReport[]
  /** Called once the link is there to speak through. */
  readonly begin: (tell: (news: EdgeNews) => void) => void
  readonly tunnels: () => readonly OpenTunnel[]
  /** What it has counted since that look; 0: all of it. */
  readonly measures: (since: number) => Omit<Measures, 'epoch' | 'role'>
  readonly cut: (tunnel: string, reason: string) => void
  readonly drain: (graceMs: number) => Promise<void>
}
