import { networkInterfaces } from 'node:os'

/** Bridges come and go with tenants, but the host's own questions come from its loopback as a rule. */
const MAX_AGE_MS = 5000

/** Addresses of this host's interfaces, listed again when what is known is old. */
export function hostAddresses(now: () => number): () => ReadonlySet<string> {
  let known: ReadonlySet<string> = new Set()
  let listedAt = -Infinity
  return () => {
    if (now() - listedAt < MAX_AGE_MS) return known
    listedAt = now()
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    known = new Set(all.map(({ address }) => address))
    return known
  }
}
