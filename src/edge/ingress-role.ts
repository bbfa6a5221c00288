import type { HealthReport } from '../../proxy/core/route-table.ts'
import { ingress } from '../../proxy/ingress/ingress.ts'
import type { EdgeNews } from '../../proxy/link-server.ts'
import { hostPort, type Instance } from '../instance.ts'
import type { Log } from '../log.ts'
import { requestIds } from './request-ids.ts'
import type { Role } from './role.ts'
import { spentTickets } from './spent-tickets.ts'

/** One worker of the ingress. Its health reports come from the DNS process. */
export function ingressRole(instance: Instance, log: Log): Role {
  let health: readonly HealthReport[] = []
  let tell: ((news: EdgeNews) => void) | undefined
  const spent = spentTickets({ folder: 'tickets', now: Date.now, log })
  const proxy = ingress({
    log,
    newRequestId: requestIds(),
    now: Date.now,
    workers: instance.workers,
    ...(instance.inFront ? { inFront: instance.inFront } : {}),
    tunnels: { spend: (id) => spent.spend(id), told: (news) => tell?.(news) },
  })
  async function listenAt(text: string, isSecure: boolean, signal: AbortSignal): Promise<void> {
    const address = hostPort(text)
    await proxy.listen({ ...address, isSecure, reusePort: true }, signal)
    // Where containers find it, if their network lets them, unless it listens everywhere already.
    const { resolver: host } = instance
    if (host === null || isWildcard(address.host)) return
    await proxy.listen({ host, port: address.port, isSecure, reusePort: true }, signal)
  }

  return {
    async listen(signal) {
      await listenAt(instance.ingressAddress, false, signal)
      await listenAt(instance.httpsAddress, true, signal)
    },
    takeTable: (table) => proxy.update({ table }),
    takeTls: (tls) => proxy.update({ tls }),
    takeChallenges: (challenges) => proxy.update({ challenges }),
    takeHealth(reports) {
      health = reports
      proxy.update({ health: reports })
    },
    reports: () => health,
    tunnels: () => proxy.tunnels.list(),
    measures: (since) => ({ ...proxy.measures(since), process: { ...proxy.counters() } }),
    cut: (id, reason) => proxy.tunnels.cut(id, reason),
    begin(told) {
      tell = told
    },
    drain: (graceMs) => proxy.drain(graceMs),
  }
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'
