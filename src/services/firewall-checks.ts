import type { Queries } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { ContainerSpec } from '../contract/containers.ts'
import { failure, wrongField } from '../core/failure.ts'
import { securityGroups } from '../core/firewall-rules.ts'
import { weightOf, type GroupMember } from '../core/security-groups.ts'

/** Of the host's packet filter, what one tenant's firewalls may take. */
const MOST_ELEMENTS = 4096

/** Each firewall that a container is to carry must be there. */
export async function checkFirewalls(
  q: Queries,
  tenantId: string,
  firewalls: readonly string[] = [],
): Promise<void> {
  if (firewalls.length === 0) return
  const there = new Set((await q.firewalls.ofTenant(tenantId)).map(({ name }) => name))
  const index = firewalls.findIndex((name) => !there.has(name))
  if (index < 0) return
  throw wrongField(`#/firewalls/${index}`, `there is no firewall "${firewalls[index]}"`)
}

/**
 * Refuses what would be too much for the packet filter, which all tenants share: each address that carries a
 * firewall takes an element for each address and ports that may reach it. Belongs into the transaction, after the
 * change; a container in `changed` counts as it is there.
 */
export async function refuseTooMany(
  q: Queries,
  tenantId: string,
  changed?: Pick<ContainerRow, 'id' | 'specJson'>,
): Promise<void> {
  const firewalls = await q.firewalls.ofTenant(tenantId)
  if (firewalls.length === 0) return
  const placed = await q.containers.ofTenant(tenantId)
  const members = placed.map((one) => memberOf(one, changed))
  const elements = weightOf(securityGroups(firewalls, members))
  if (elements <= MOST_ELEMENTS) return
  const todo = 'use ranges instead of firewalls in rules, or fewer rules'
  const message = `The firewalls would take ${elements} entries of the packet filter; ${MOST_ELEMENTS} is the most: ${todo}`
  throw failure('too-many-rules', message, { entries: elements, most: MOST_ELEMENTS })
}

function memberOf(
  { row, address, further }: PlacedContainer,
  changed: Pick<ContainerRow, 'id' | 'specJson'> | undefined,
): GroupMember {
  // Written by the container service alone, from a parsed spec.
  const spec: ContainerSpec = JSON.parse(changed?.id === row.id ? changed.specJson : row.specJson)
  const addresses = [address, ...further.map((one) => one.address)]
  return {
    groups: spec.firewalls ?? [],
    addresses: addresses.map((one) => ({ address: one, isClosed: false })),
  }
}
