import type { Queries } from '../../db/open.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import type { Network, NetworkDetails } from '../contract/networks.ts'
import { parseCidr, type Cidr } from '../core/cidr.ts'
import { namesIn } from '../core/egress.ts'
import { layoutOf } from '../core/ipam.ts'
import { roomOf } from './placement.ts'

/** As the API shows it. */
export function networkOf(row: NetworkRow): Network {
  const { id, name, zone, subnet, state, ingress, smtp, within, generation } = row
  // Written by the network service alone, from what the contract has parsed.
  const labels: Network['labels'] = JSON.parse(row.labelsJson)
  const egress: Network['egress'] = JSON.parse(row.egressJson)
  return {
    id,
    name,
    zone,
    cidr: subnet,
    gateway: layoutOf(rangeOf(row)).gateway,
    state: state === 'ready' ? state : 'pending',
    labels,
    ingress,
    egress,
    smtp,
    within,
    generation,
    createdAt: new Date(row.createdAt).toISOString(),
  }
}

interface Knowing {
  readonly takenSinceMs: number
  /** Where a name of the world is now, as far as that is known. */
  readonly addressesOf: (name: string) => readonly string[]
}

/** With who is in it, and how much room there is; what was given back before `takenSinceMs` is free. */
export async function networkDetails(
  q: Queries,
  row: NetworkRow,
  { takenSinceMs, addressesOf }: Knowing,
): Promise<NetworkDetails> {
  const members = await q.addresses.membersOf(row.id)
  const taken = await q.addresses.taken(row.id, takenSinceMs)
  const shown = networkOf(row)
  const room = roomOf(rangeOf(row))
  return {
    ...shown,
    egressNames: namesIn(shown.egress).map((name) => ({
      name,
      addresses: [...addressesOf(name)],
    })),
    members: members.map(({ id, name, address: { address, mac, aliasesJson } }) => {
      // Written by the container service alone, from what the contract has parsed.
      const aliases: string[] = JSON.parse(aliasesJson)
      return { id, name, address, mac, aliases }
    }),
    addresses: { ...room, free: room.total - taken.length },
  }
}

function rangeOf({ id, subnet }: NetworkRow): Cidr {
  const range = parseCidr(subnet)
  if (!range) throw new Error(`Network "${id}" has the range "${subnet}"`)
  return range
}
