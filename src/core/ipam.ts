import { addressNumber, addressText, cidrText, overlaps, parseCidr, type Cidr } from './cidr.ts'

/** Pools tried at the first start, in this order. */
export const DEFAULT_POOLS = ['10.208.0.0/12', '10.224.0.0/12', '10.192.0.0/12'] as const

/** Networks whose range nobody has named are cut in /24s from the pool. */
export const SUBNET_PREFIX = 24

/** The resolver's place in the pool. The whole first /24 is the platform's own. */
export const resolverAddress = (pool: Cidr): string => addressText(pool.base + 53)

const rangeAt = (base: number, prefix: number): Cidr => ({
  base,
  prefix,
  size: 2 ** (32 - prefix),
})

/** What of the pool no network gets. */
export const platformRange = (pool: Cidr): Cidr => rangeAt(pool.base, SUBNET_PREFIX)

/** The first range that overlaps nothing that is taken. */
export const freePool = (
  candidates: readonly string[],
  taken: readonly Cidr[],
): string | undefined =>
  candidates.find((text) => {
    const candidate = parseCidr(text)
    return candidate !== undefined && !taken.some((one) => overlaps(candidate, one))
  })

/** The lowest range of that size between two addresses that overlaps nothing that is taken. */
function freeRange(
  { from, until }: { readonly from: number; readonly until: number },
  prefix: number,
  taken: readonly Cidr[],
): Cidr | undefined {
  const size = 2 ** (32 - prefix)
  const aligned = (address: number): number => Math.ceil(address / size) * size
  let base = aligned(from)
  for (const one of taken.toSorted((a, b) => a.base - b.base)) {
    if (one.base >= base + size) break
    const end = one.base + one.size
    if (end > base) base = aligned(end)
  }
  return base + size <= until ? rangeAt(base, prefix) : undefined
}

/** The lowest /24 of the pool that is not taken; undefined when the pool is used up. */
export const freeSubnet = (pool: Cidr, taken: readonly Cidr[]): Cidr | undefined =>
  freeRange({ from: pool.base, until: pool.base + pool.size }, SUBNET_PREFIX, [
    ...taken,
    platformRange(pool),
  ])

/** Private addresses (RFC 1918 §3): what a tenant may name a range of. */
const PRIVATE: readonly Cidr[] = [
  rangeAt(0x0a00_0000, 8),
  rangeAt(0xac10_0000, 12),
  rangeAt(0xc0a8_0000, 16),
]
/** Larger ones would leave others nothing, smaller ones have no room for anyone. */
export const LARGEST_PREFIX = 16
export const SMALLEST_PREFIX = 29

export type AskedRange =
  | { readonly ok: true; readonly range: Cidr }
  | { readonly ok: false; readonly reason: string }

/** Reads the range that somebody wants for a network. */
export function askedRange(text: string): AskedRange {
  const range = parseCidr(text)
  if (!range) return wrong('a range by its first address is wanted, e.g. 10.20.30.0/24')
  const { prefix } = range
  if (prefix < LARGEST_PREFIX || prefix > SMALLEST_PREFIX) {
    return wrong(`a range has from /${LARGEST_PREFIX} to /${SMALLEST_PREFIX}`)
  }
  if (PRIVATE.some((one) => isWithin(range, one))) return { ok: true, range }
  return wrong('a range is within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)')
}

const wrong = (reason: string): AskedRange => ({ ok: false, reason })

export const isWithin = (inner: Cidr, outer: Cidr): boolean =>
  inner.base >= outer.base && inner.base + inner.size <= outer.base + outer.size

/** The next free range of the same size: behind it, else anywhere in the same private space, else in another. */
export function nextRange(asked: Cidr, taken: readonly Cidr[]): Cidr | undefined {
  const own = PRIVATE.filter((one) => isWithin(asked, one))
  const others = PRIVATE.filter((one) => !isWithin(asked, one))
  const behind = own.map(({ base, size }) => ({ from: asked.base, until: base + size }))
  const anywhere = [...own, ...others].map(({ base, size }) => ({ from: base, until: base + size }))
  for (const space of [...behind, ...anywhere]) {
    const found = freeRange(space, asked.prefix, taken)
    if (found) return found
  }
  return undefined
}

/** The engine's own allocator gets this much of each subnet, and is never asked. */
const ENGINE_SIZE = 4

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
  const kept = Math.max(subnet.size / 4, ENGINE_SIZE)
  return {
    gateway: addressText(subnet.base + 1),
    engineRange: cidrText(rangeAt(subnet.base + subnet.size - ENGINE_SIZE, 30)),
    first: subnet.base + 2,
    last: subnet.base + subnet.size - kept - 1,
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
  return macOf('c1', address)
}

/**
 * That of an endpoint that is connected later, to which an engine gives no other before API 1.44 (moby,
 * libnetwork/netutils, GenerateMACFromIP).
 */
export const engineMacFor = (address: string): string => macOf('42', address)

function macOf(second: string, address: string): string {
  const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['02', second, ...hex].join(':')
}
