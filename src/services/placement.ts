import type { Queries } from '../../db/open.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import {
  addressNumber,
  addressText,
  cidrText,
  overlaps,
  parseCidr,
  type Cidr,
} from '../core/cidr.ts'
import { failure, wrongField } from '../core/failure.ts'
import {
  engineMacFor,
  freeAddress,
  freeSubnet,
  isWithin,
  layoutOf,
  macFor,
  nextRange,
  platformRange,
  SUBNET_PREFIX,
} from '../core/ipam.ts'
import type { Clock } from '../ports/clock.ts'

export interface Rests {
  readonly rangeMs: number
  readonly addressMs: number
}

export interface PlacementDeps {
  readonly clock: Clock
  readonly newId: () => string
  readonly node: string
  readonly pool: string
  /** How long what was given back is given to nobody. */
  readonly rests: Rests
}

/** The network that every tenant has: it is made with the first container. */
export const DEFAULT_NETWORK = 'default'

/** What a network takes of the quota whose range nobody has named. */
export const POOL_NETWORK = { networks: 1, addresses: 2 ** (32 - SUBNET_PREFIX) }

/** Where a network may go outside, and how it is found. */
export type NetworkTraits = Pick<
  NetworkRow,
  'egressJson' | 'ingress' | 'labelsJson' | 'smtp' | 'within' | 'zone'
>

/** The only zone there is, until there are more machines. */
export const THE_ZONE = 'local'

export const PLAIN: NetworkTraits = {
  zone: THE_ZONE,
  labelsJson: '{}',
  ingress: false,
  egressJson: '"open"',
  smtp: false,
  within: 'open',
}

export interface NewNetwork {
  readonly tenantId: string
  readonly name: string
  readonly traits: NetworkTraits
  /** Undefined: any of the pool. */
  readonly range?: Cidr | undefined
  /** Ranges that are somebody's beside the platform. */
  readonly elsewhere: readonly Cidr[]
}

/** Finds room: a network for a tenant, an address for a container. Runs inside the caller's transaction. */
export function placement({ clock, newId, node, pool: poolText, rests }: PlacementDeps) {
  const pool = poolOf(poolText)

  /** Ours, those that rest included, and everybody else's. */
  async function taken(q: Queries, others: readonly Cidr[]): Promise<Cidr[]> {
    const since = clock.now().getTime() - rests.rangeMs
    const own = await q.networks.takenSubnets(node, since)
    return [...own.flatMap((text) => parseCidr(text) ?? []), platformRange(pool), ...others]
  }

  /** A route that leads to more than the pool is no reason: ours are nearer. */
  async function anySubnet(q: Queries, others: readonly Cidr[]): Promise<Cidr> {
    const near = others.filter((one) => !isWithin(pool, one))
    const found = freeSubnet(pool, await taken(q, near))
    if (found) return found
    throw exhausted(poolText, 'every network of the pool is in use or rests')
  }

  async function thatRange(q: Queries, range: Cidr, others: readonly Cidr[]): Promise<Cidr> {
    const all = await taken(q, others)
    if (!all.some((one) => overlaps(one, range))) return range
    throw rangeTaken(range, nextRange(range, all))
  }

  return {
    async newNetwork(q: Queries, wanted: NewNetwork): Promise<NetworkRow> {
      const { tenantId, name, traits, range, elsewhere } = wanted
      const found = range ? await thatRange(q, range, elsewhere) : await anySubnet(q, elsewhere)
      const row: NetworkRow = {
        id: newId(),
        tenantId,
        nodeId: node,
        name,
        subnet: cidrText(found),
        desired: 'present',
        state: 'pending',
        generation: 1,
        createdAt: clock.now().getTime(),
        releasedAt: null,
        ...traits,
      }
      await q.networks.insert(row)
      return row
    },

    async address(q: Queries, wanted: NewAddress): Promise<void> {
      const { network, containerId, isHome, aliases = [] } = wanted
      const since = clock.now().getTime() - rests.addressMs
      const address = addressIn(network, await q.addresses.taken(network.id, since), wanted)
      await q.addresses.insert({
        id: newId(),
        networkId: network.id,
        address,
        mac: isHome ? macFor(address) : engineMacFor(address),
        containerId,
        releasedAt: null,
        aliasesJson: JSON.stringify(aliases),
        leavingAt: null,
      })
    },
  }
}

export interface NewAddress {
  readonly network: NetworkRow
  readonly containerId: string
  /** Whether the container is made in that network; else it is connected later. */
  readonly isHome: boolean
  readonly address?: string | undefined
  readonly aliases?: readonly string[] | undefined
  /** Of the field that says where it is to be, for a refusal. */
  readonly pointer: string
}

/** The one that is asked for, or the lowest. */
function addressIn(
  { name, subnet }: NetworkRow,
  taken: readonly string[],
  { address, pointer }: NewAddress,
): string {
  const range = parseCidr(subnet)
  const free = range && freeAddress(range, taken)
  if (address === undefined && free !== undefined) return free
  if (address === undefined || !range) throw exhausted(name, 'every address is in use or rests')
  const { first, last } = roomOf(range)
  const number = addressNumber(address) ?? -1
  if (number < (addressNumber(first) ?? 0) || number > (addressNumber(last) ?? 0)) {
    throw wrongField(`${pointer}/address`, `containers have ${first} to ${last} in "${name}"`)
  }
  if (!taken.includes(address)) return address
  const next = free ?? null
  const todo = next === null ? 'and no other is free' : `${next} is free`
  const message = `Cannot give ${address} in "${name}": it is in use or rests; ${todo}`
  throw failure('address-taken', message, { network: name, address, next })
}

export type Placement = ReturnType<typeof placement>

function poolOf(text: string): Cidr {
  const pool = parseCidr(text)
  if (pool) return pool
  throw new Error(`The pool is "${text}"`)
}

const exhausted = (network: string, why: string) =>
  failure('address-exhausted', `Cannot give an address in "${network}": ${why}`, { network })

/** Never whose it is: that may be another tenant's secret, or the host's. */
function rangeTaken(range: Cidr, free: Cidr | undefined) {
  const [cidr, next] = [cidrText(range), free ? cidrText(free) : null]
  const todo = next === null ? 'nor is any other of that size' : `${next} is`
  return failure('range-taken', `Cannot use ${cidr}: it is not free here; ${todo}`, { cidr, next })
}

/** What of a range containers can have. */
export function roomOf(range: Cidr) {
  const { first, last } = layoutOf(range)
  return { first: addressText(first), last: addressText(last), total: last - first + 1 }
}
