import { randomUUID } from 'node:crypto'
import type { HealthReport } from '../../proxy/core/route-table.ts'
import { ingress } from '../../proxy/ingress/ingress.ts'
import { hostPort, type Instance } from '../instance.ts'
import type { Log } from '../log.ts'
import type { Role } from './role.ts'

/** One worker of the ingress. Its health reports come from the DNS process. */
export function ingressRole(instance: Instance, log: Log): Role {
  const proxy = ingress({ log, newRequestId: randomUUID, now: Date.now })
  let health: readonly HealthReport[] = []
  return {
    async listen(signal) {
      await proxy.listen({ ...hostPort(instance.ingressAddress), reusePort: true }, signal)
    },
    takeTable: (table) => proxy.update({ table }),
    takeHealth(reports) {
      health = reports
      proxy.update({ health: reports })
    },
    reports: () => health,
    begin: () => undefined,
    drain: (graceMs) => proxy.drain(graceMs),
  }
}
