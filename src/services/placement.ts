import type { Queries } from '../../db/open.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import { parseCidr } from '../core/cidr.ts'
import { failure } from '../core/failure.ts'
import { ADDRESS_REST_MS, freeAddress, freeSubnet, macFor, SUBNET_REST_MS } from '../core/ipam.ts'
import type { Clock } from '../ports/clock.ts'

export interface PlacementDeps {
  readonly clock: Clock
  readonly newId: () => string
  readonly node: string
  readonly pool: string
}

/** Finds room: a network for a tenant, an address for a container. Runs inside the caller's transaction. */
export function placement({ clock, newId, node, pool }: PlacementDeps) {
  return {
    async newNetwork(q: Queries, tenantId: string, name: string): Promise<NetworkRow> {
      const now = clock.now().getTime()
      const taken = await q.networks.takenSubnets(node, now - SUBNET_REST_MS)
      const range = parseCidr(pool)
      const subnet = range && freeSubnet(range, taken)
      if (subnet === undefined) throw exhausted(pool, 'every network of the pool is in use')
      const row: NetworkRow = {
        id: newId(),
        tenantId,
        nodeId: node,
        name,
        subnet,
        desired: 'present',
        state: 'pending',
        generation: 1,
        createdAt: now,
        releasedAt: null,
      }
      await q.networks.insert(row)
      return row
    },

    async address(q: Queries, network: NetworkRow, containerId: string): Promise<void> {
      const now = clock.now().getTime()
      const taken = await q.addresses.taken(network.id, now - ADDRESS_REST_MS)
      const range = parseCidr(network.subnet)
      const address = range && freeAddress(range, taken)
      if (address === undefined) throw exhausted(network.name, 'every address is in use or rests')
      await q.addresses.insert({
        id: newId(),
        networkId: network.id,
        address,
        mac: macFor(address),
        containerId,
        releasedAt: null,
      })
    },
  }
}

const exhausted = (network: string, why: string) =>
  failure('address-exhausted', `Cannot give an address in "${network}": ${why}`, { network })
