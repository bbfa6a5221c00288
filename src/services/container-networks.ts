import type { Queries } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import {
  MOST_NETWORKS_OF_CONTAINER,
  type NetworkAttach,
  type NetworkUse,
} from '../contract/container-networks.ts'
import type { Cidr } from '../core/cidr.ts'
import { failure, nameTaken, notFound, wrongField } from '../core/failure.ts'
import { isReservedName } from '../core/reserved-names.ts'
import type { Ledger } from './ledger.ts'
import {
  DEFAULT_NETWORK,
  PLAIN,
  placement,
  POOL_NETWORK,
  type Placement,
  type PlacementDeps,
} from './placement.ts'

export interface Use {
  readonly network: NetworkRow
  readonly wanted: Omit<NetworkUse, 'defaultRoute' | 'name'>
  /** Of the field, for a refusal. */
  readonly pointer: string
}

/** `network` is undefined where it is `default`, which is still to be made. */
export type AskedUse = Omit<Use, 'network'> & { readonly network: NetworkRow | undefined }

const JUST_DEFAULT: readonly NetworkUse[] = [{ name: DEFAULT_NETWORK }]

/** The networks that a spec names, that of the default route first. */
export async function usesOf(
  q: Queries,
  tenantId: string,
  asked: readonly NetworkUse[] = JUST_DEFAULT,
): Promise<readonly AskedUse[]> {
  const marked = asked.flatMap(({ defaultRoute }, index) => (defaultRoute === true ? [index] : []))
  if (marked.length > 1) {
    throw wrongField(`#/networks/${marked[1]}/defaultRoute`, 'one network has the default route')
  }
  const uses = await Promise.all(
    asked.map(async ({ name, address, aliases }, index): Promise<AskedUse> => {
      const wanted = { ...(address !== undefined && { address }), ...(aliases && { aliases }) }
      const network = await q.networks.find(tenantId, name)
      if (!network && name !== DEFAULT_NETWORK) throw notFound('network', name)
      return { network, wanted, pointer: `#/networks/${index}` }
    }),
  )
  const keys = uses.map(({ network }) => network?.id)
  const twice = keys.findIndex((id, index) => keys.indexOf(id) < index)
  if (twice >= 0) throw wrongField(`#/networks/${twice}/name`, 'each network once')
  const home = uses[marked[0] ?? 0]
  return home ? [home, ...uses.filter((one) => one !== home)] : uses
}

/** Makes `default` with the first container that is in it. */
export const firstNetwork =
  (place: Placement, elsewhere: readonly Cidr[]) =>
  (q: Queries, tenantId: string): Promise<NetworkRow> =>
    place.newNetwork(q, { tenantId, name: DEFAULT_NETWORK, traits: PLAIN, elsewhere })

/** Aliases are names in a network: none may be a container's, or another's alias there. */
export async function checkAliases(
  q: Queries,
  of: Pick<ContainerRow, 'id' | 'tenantId'>,
  { network, wanted }: Pick<Use, 'network' | 'wanted'>,
): Promise<void> {
  for (const alias of wanted.aliases ?? []) {
    const owner = await q.names.owner(of.tenantId, alias)
    const isOthers = owner !== undefined && owner.resourceId !== of.id
    const others = await q.addresses.aliased(of.tenantId, alias)
    const isThere = others.some((one) => one.networkId === network.id && one.containerId !== of.id)
    if (isReservedName(alias) || isOthers || isThere) throw nameTaken('alias', alias)
  }
}

/** A name that is an alias of another container, in whatever network, would be two in that one. */
export async function refuseAliased(
  q: Queries,
  { id, tenantId }: Pick<ContainerRow, 'id' | 'tenantId'>,
  name: string,
): Promise<void> {
  const others = await q.addresses.aliased(tenantId, name)
  if (others.some(({ containerId }) => containerId !== id)) throw nameTaken('container', name)
}

interface ChangeDeps extends PlacementDeps {
  readonly ledger: Pick<Ledger, 'admit'>
}

/** What a change of networks writes. */
export function networkChanges(deps: ChangeDeps) {
  const place = placement(deps)
  return {
    attaching:
      (wanted: NetworkAttach, elsewhere: readonly Cidr[]) =>
      async (placed: PlacedContainer, q: Queries): Promise<Partial<ContainerRow>> => {
        const { row } = placed
        const network = await toJoin(deps, q, { row, wanted, elsewhere })
        const there = endpointsOf(placed).find((one) => one.network.id === network.id)
        if (there) return joined(placed, there, wanted)
        if (placed.further.length + 1 >= MOST_NETWORKS_OF_CONTAINER) {
          throw conflict(row, `it is in ${MOST_NETWORKS_OF_CONTAINER} networks already`)
        }
        const use = { network, wanted, pointer: '#' }
        await checkAliases(q, row, use)
        const { address, aliases } = wanted
        await place.address(q, { ...use, address, aliases, containerId: row.id, isHome: false })
        return { joiningSince: deps.clock.now().getTime() }
      },

    detaching:
      (nameOrId: string) =>
      async (placed: PlacedContainer, q: Queries): Promise<Partial<ContainerRow>> => {
        const { row } = placed
        const network = await q.networks.find(row.tenantId, nameOrId)
        const there = endpointsOf(placed).find((one) => one.network.id === network?.id)
        if (!network || !there) throw notFound('network', nameOrId)
        if (network.id === row.networkId) {
          throw conflict(row, `its default route is by "${network.name}", which it keeps for life`)
        }
        if (there.isLeaving) return {}
        const now = deps.clock.now().getTime()
        await q.addresses.leave({ containerId: row.id, networkId: network.id }, now)
        return { joiningSince: now }
      },
  }
}

interface ToJoin {
  readonly row: ContainerRow
  readonly wanted: NetworkAttach
  readonly elsewhere: readonly Cidr[]
}

async function toJoin(deps: ChangeDeps, q: Queries, { row, wanted, elsewhere }: ToJoin) {
  const { tenantId } = row
  const found = await q.networks.find(tenantId, wanted.network)
  if (found) return found
  if (wanted.network !== DEFAULT_NETWORK) throw notFound('network', wanted.network)
  const subject = { verb: 'create', kind: 'network', name: DEFAULT_NETWORK }
  await deps.ledger.admit(q, { tenantId, subject, amounts: POOL_NETWORK })
  return firstNetwork(placement(deps), elsewhere)(q, tenantId)
}

interface Endpoint {
  readonly network: { readonly id: string; readonly name: string }
  readonly address: string
  readonly aliases: readonly string[]
  readonly isLeaving: boolean
}

const endpointsOf = ({ network, address, aliases, further }: PlacedContainer): Endpoint[] => [
  { network, address, aliases, isLeaving: false },
  ...further,
]

/** Asked again for the same there is nothing to do. */
function joined(
  { row }: PlacedContainer,
  { network, address, aliases, isLeaving }: Endpoint,
  wanted: NetworkAttach,
): Partial<ContainerRow> {
  const isSame =
    (wanted.address ?? address) === address &&
    (wanted.aliases ?? aliases).toSorted().join(' ') === aliases.toSorted().join(' ')
  if (isSame && !isLeaving) return {}
  const why = isLeaving ? 'is on its way out of' : 'is in'
  throw conflict(row, `it ${why} "${network.name}" as ${[address, ...aliases].join(', ')}`)
}

const conflict = ({ name, state }: ContainerRow, why: string) =>
  failure('state-conflict', `Cannot change the networks of container "${name}": ${why}`, {
    kind: 'container',
    name,
    state,
  })
