import { contains, ipv4, isLoopback } from '../core/dns-address.ts'
import { HOST, OUTSIDER, UNKNOWN, type View, type Zone } from '../core/zone.ts'

/**
 * Says what a source address gets to see. A member comes first. The host's own addresses are next,
 * also those inside the pool: the kernel takes no packet from outside that bears one of them. Then
 * the pool and networks outside it, where every address without a member is somebody who should not be there.
 */
export function sources(
  zone: Zone | null,
  onHost: () => ReadonlySet<string>,
): (address: string) => View {
  return (address) => {
    const member = zone?.views.get(address)
    if (member !== undefined) return member
    const number = ipv4(address)
    const inner = zone?.pool ? [zone.pool, ...zone.ranges] : []
    const isInside = number !== null && inner.some((one) => contains(one, number))
    if (!isInside && isLoopback(address)) return HOST
    if (onHost().has(address)) return HOST
    return isInside ? UNKNOWN : OUTSIDER
  }
}
