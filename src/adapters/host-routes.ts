import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parseCidr, type Cidr } from '../core/cidr.ts'

export interface HostRoute {
  readonly range: Cidr
  /** Whether the host itself is in the range: no gateway is between. */
  readonly isOnLink: boolean
}

/** RTF_GATEWAY of <linux/route.h>. */
const GATEWAY = 2

/**
 * The host's main routing table (proc(5), /proc/net/route) without the default route: numbers in hex, in the host's
 * byte order.
 */
export function hostRoutes(table = readFileSync('/proc/net/route', 'utf8')): HostRoute[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination = '', , flags = '', , , , mask = ''] = line.split('\t')
      if (destination === '' || mask === '00000000') return []
      const prefix = littleEndian(mask).toString(2).replaceAll('0', '').length
      const range = { base: littleEndian(destination), prefix, size: 2 ** (32 - prefix) }
      return [{ range, isOnLink: (Number.parseInt(flags, 16) & GATEWAY) === 0 }]
    })
}

const littleEndian = (hex: string): number =>
  Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE()

/** Every address that the host has itself. */
export function hostAddresses(): Cidr[] {
  const all = Object.values(networkInterfaces()).flatMap((list = []) => list)
  return all.flatMap(({ address, family }) => {
    const range = family === 'IPv4' ? parseCidr(`${address}/32`) : undefined
    return range ? [range] : []
  })
}

/** Ranges that the host knows a way to, and those that it is in. */
export const hostRanges = (): Cidr[] => [
  ...hostRoutes().map(({ range }) => range),
  ...hostAddresses(),
]
