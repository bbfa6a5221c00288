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
    tunnels: { spend: (id) => spent.spend(id), told: (news) => tell?.(news) },
  })
  return {
    async listen(signal) {
      const address = hostPort(instance.ingressAddress)
      await proxy.listen({ ...address, reusePort: true }, signal)
      // Where containers find it, if their network lets them, unless it listens everywhere already.
      const { resolver: host } = instance
      if (host === null || isWildcard(address.host)) return
      await proxy.listen({ host, port: address.port, reusePort: true }, signal)
    },
    takeTable: (table) => proxy.update({ table }),
    takeHealth(reports) {
      health = reports
      proxy.update({ health: reports })
    },
    reports: () => health,
    tunnels: () => proxy.tunnels.list(),
    cut: (id, reason) => proxy.tunnels.cut(id, reason),
    begin(told) {
      tell = told
    },
    drain: (graceMs) => proxy.drain(graceMs),
  }
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'
