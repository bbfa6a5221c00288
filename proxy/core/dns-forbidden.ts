import { contains, type Block } from './dns-address.ts'
import { TYPE } from './dns-wire.ts'

/**
 * Whether an address is one to which no name of the world leads, when a container asks: its own machine, what
 * is on the same wire, and the platform's own networks. Otherwise whoever owns a name could have a client of
 * theirs talk to somebody else's container, and see its answers (DNS rebinding). Private ranges are let
 * through: names of a company's own resolver lead there.
 */
export function isForbidden(type: number, address: Buffer, inside: readonly Block[]): boolean {
  if (type === TYPE.A) return address.length === 4 && isForbidden4(address.readUInt32BE(), inside)
  if (address.length !== 16) return false
  const high = address.readBigUInt64BE()
  const low = address.readBigUInt64BE(8)
  // ::, ::1 and addresses of IPv4 in another dress (RFC 4291 §2.5.5).
  if (high === 0n && (low >> 32n === 0xffffn || low >> 32n === 0n)) {
    return low <= 1n || isForbidden4(Number(low & 0xffffffffn), inside)
  }
  return high >> 54n === LINK_LOCAL
}

/** fe80::/10 */
const LINK_LOCAL = 0x3fan

function isForbidden4(address: number, inside: readonly Block[]): boolean {
  return [...NOWHERE, ...inside].some((one) => contains(one, address))
}

/** This network, loopback, link local (where clouds keep their secrets), and broadcast. */
const NOWHERE: readonly Block[] = [
  { first: 0, prefix: 8 },
  { first: 0x7f000000, prefix: 8 },
  { first: 0xa9fe0000, prefix: 16 },
  { first: 0xffffffff, prefix: 32 },
]
