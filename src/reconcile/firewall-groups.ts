import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { FirewallRow } from '../../db/queries/firewalls.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import { securityGroups } from '../core/firewall-rules.ts'
import type { GroupMember, SecurityGroups } from '../core/security-groups.ts'
import { specOf } from './container-wanted.ts'
import { stayingIn } from './placed-endpoints.ts'

/** Of each tenant that has firewalls, or a network whose containers do not reach each other by themselves. */
export function groupsAmong(
  firewalls: readonly FirewallRow[],
  networks: readonly NetworkRow[],
  containers: readonly PlacedContainer[],
): SecurityGroups[] {
  const closed = networks.filter(({ within }) => within === 'none')
  const guarding = new Set([...firewalls, ...closed].map(({ tenantId }) => tenantId))
  if (guarding.size === 0) return []
  const isClosed = new Set(closed.map(({ id }) => id))
  const firewallsOf = Map.groupBy(firewalls, ({ tenantId }) => tenantId)
  const containersOf = Map.groupBy(containers, ({ row }) => row.tenantId)
  return [...guarding].map((tenantId) =>
    securityGroups(
      firewallsOf.get(tenantId) ?? [],
      (containersOf.get(tenantId) ?? []).map((placed) => memberOf(placed, isClosed)),
    ),
  )
}

const memberOf = (placed: PlacedContainer, closed: ReadonlySet<string>): GroupMember => ({
  groups: specOf(placed.row).firewalls ?? [],
  addresses: stayingIn(placed).map(({ network, address }) => ({
    address,
    isClosed: closed.has(network.id),
  })),
})
