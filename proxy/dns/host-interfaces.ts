import { networkInterfaces } from 'node:os'
import { block, type Block } from '../core/dns-address.ts'

/** Bridges come and go with tenants, but the host's own questions come from its loopback as a rule. */
const MAX_AGE_MS = 5000

export interface HostInterfaces {
  readonly addresses: ReadonlySet<string>
  /** IPv4 networks that the host is in, and its address there. */
  readonly networks: readonly { readonly address: string; readonly range: Block }[]
}

/** The host's interfaces, listed again when what is known is old. */
export function hostInterfaces(now: () => number): () => HostInterfaces {
  let known: HostInterfaces = { addresses: new Set(), networks: [] }
  let listedAt = -Infinity
  return () => {
    if (now() - listedAt < MAX_AGE_MS) return known
    listedAt = now()
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    const networks = all.flatMap(({ address, cidr }) => {
      const range = block(cidr ?? '')
      return range === null ? [] : [{ address, range }]
    })
    known = { addresses: new Set(all.map(({ address }) => address)), networks }
    return known
  }
}
