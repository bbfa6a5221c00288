import { recordsAnswer, type Answer } from '../core/dns-answer.ts'
import { contains, ipv4, ipv4Bytes, isLoopback } from '../core/dns-address.ts'
import { TYPE } from '../core/dns-wire.ts'
import { ingressAddress } from '../core/ingress-address.ts'
import { HOST, OUTSIDER, UNKNOWN, type View, type Zone } from '../core/zone.ts'
import { TTL_SECONDS } from '../core/zone-builder.ts'
import type { HostInterfaces } from './host-interfaces.ts'

export interface SourcesDeps {
  readonly onHost: () => HostInterfaces
  /** Where the ingress listens; empty: nobody is told. */
  readonly ingress: string
}

/**
 * Says what a source address gets to see. A member comes first. The host's own addresses are next,
 * also those inside the pool: the kernel takes no packet from outside that bears one of them. Then
 * the pool and networks outside it, where every address without a member is somebody who should not be there.
 */
export function sources(zone: Zone | null, deps: SourcesDeps): (address: string) => View {
  const { onHost, ingress } = deps
  const atIngress = new Map<string, Answer>()

  /** Views of the host and of outsiders are of no tenant; the ingress is not the same for all of them. */
  function seenFrom(view: View, client: string): View {
    if (ingress === '') return view
    const address = ingressAddress(client, { ingress, networks: onHost().networks })
    if (address === null) return view
    const answer = atIngress.get(address) ?? answerAt(address)
    atIngress.set(address, answer)
    return { ...view, ingress: answer }
  }

  return (address) => {
    const member = zone?.views.get(address)
    if (member !== undefined) return member
    const number = ipv4(address)
    const inner = zone?.pool ? [zone.pool, ...zone.ranges] : []
    const isInside = number !== null && inner.some((one) => contains(one, number))
    if (!isInside && isLoopback(address)) return seenFrom(HOST, address)
    if (onHost().addresses.has(address)) return seenFrom(HOST, address)
    return isInside ? UNKNOWN : seenFrom(OUTSIDER, address)
  }
}

const answerAt = (address: string): Answer =>
  recordsAnswer(TYPE.A, TTL_SECONDS, [ipv4Bytes(ipv4(address) ?? 0)])
