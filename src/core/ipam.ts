import { addressNumber, addressText, cidrText, overlaps, parseCidr, type Cidr } from './cidr.ts'

/** Pools tried at the first start, in this order. */
export const DEFAULT_POOLS = ['10.208.0.0/12', '10.224.0.0/12', '10.192.0.0/12'] as const

/** Networks are cut in /24s from the pool. */
export const SUBNET_PREFIX = 24
const SUBNET_SIZE = 2 ** (32 - SUBNET_PREFIX)

/** A freed subnet rests before another tenant may get it, a freed address before its network may. */
export const SUBNET_REST_MS = 10 * 60_000
export const ADDRESS_REST_MS = 60_000

/** The resolver's place in the pool. The whole first /24 is the platform's own. */
export const resolverAddress = (pool: Cidr): string => addressText(pool.base + 53)

/** The first range that overlaps nothing that is taken. */
export const freePool = (
  candidates: readonly string[],
  taken: readonly Cidr[],
): string | undefined =>
  candidates.find((text) => {
    const candidate = parseCidr(text)
    return candidate !== undefined && !taken.some((one) => overlaps(candidate, one))
  })

/** The lowest /24 of the pool that is not taken; undefined when the pool is used up. */
export function freeSubnet(pool: Cidr, taken: readonly string[]): string | undefined {
  const used = new Set(taken)
  for (let base = pool.base + SUBNET_SIZE; base < pool.base + pool.size; base += SUBNET_SIZE) {
    const text = cidrText({ base, prefix: SUBNET_PREFIX, size: SUBNET_SIZE })
    if (!used.has(text)) return text
  }
  return undefined
}

/**
 * How a subnet is divided: the first address is the gateway, the top quarter is the platform's, and of
 * that the last /30 is what the engine may hand out itself (it never does).
 */
export function layoutOf(subnet: Cidr): {
  readonly gateway: string
  readonly engineRange: string
  readonly first: number
  readonly last: number
} {
  const quarter = subnet.size / 4
  return {
    gateway: addressText(subnet.base + 1),
    engineRange: cidrText({ base: subnet.base + subnet.size - 4, prefix: 30, size: 4 }),
    first: subnet.base + 2,
    last: subnet.base + subnet.size - quarter - 1,
  }
}

/** The lowest address for a container that is not taken; undefined when the network is full. */
export function freeAddress(subnet: Cidr, taken: readonly string[]): string | undefined {
  const used = new Set(taken.map(addressNumber))
  const { first, last } = layoutOf(subnet)
  for (let address = first; address <= last; address++) {
    if (!used.has(address)) return addressText(address)
  }
  return undefined
}

/** A locally administered unicast MAC (IEEE 802 §8.2.2) that says the address it belongs to. */
export function macFor(address: string): string {
  const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['02', 'c1', ...hex].join(':')
}
