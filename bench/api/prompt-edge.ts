import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'
import type { Edge } from '../../src/ports/edge.ts'
import type { ChallengeEdge } from '../../src/ports/challenge-edge.ts'
import type { TlsEdge } from '../../src/ports/tls-edge.ts'
import type { EdgeCounters } from '../../src/ports/edge-counters.ts'
import type { TunnelEdge } from '../../src/ports/tunnel-edge.ts'

/** An edge that serves each table at once and finds every app healthy: what is measured is not it. */
export function promptEdge(): Edge {
  const health = new Map<string, HealthReport>()
  const listeners: ((reports: readonly HealthReport[]) => void)[] = []

  function found({ members }: RouteTable): HealthReport[] {
    return members
      .filter(({ id, run, state }) => state === 'running' && health.get(id)?.run !== run)
      .map(({ id, run }) => ({ id, run, healthy: true, reason: 'ok' }))
  }

  return {
    publish(table) {
      const fresh = found(table)
      for (const report of fresh) health.set(report.id, report)
      queueMicrotask(() => {
        for (const listener of fresh.length === 0 ? [] : listeners) listener(fresh)
      })
      return table.version
    },
    acknowledged: () => Promise.resolve(),
    health: (id) => health.get(id),
    onHealth: (listener) => void listeners.push(listener),
    isUp: () => true,
  }
}

/** TLS is not measured here. */
export const noTls: ChallengeEdge & TlsEdge = {
  secure: () => undefined,
  challenge: async () => undefined,
}

/** Nobody opens any. */
export const noTunnels: TunnelEdge = { onTunnels: () => undefined, cutTunnel: () => undefined }

/** An edge that counts nothing. */
export const noCounters: EdgeCounters = {
  measure: async () => undefined,
  onMeasures: () => undefined,
}
