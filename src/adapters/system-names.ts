import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import type { HostNames } from '../ports/host-names.ts'

const LOOKUP_MS = 5_000

/** By way of the system, so that its hosts file counts as well. */
export const systemNames: HostNames = {
  async addresses(name, signal) {
    const over = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)])
    const found = lookup(name, { all: true }).then(
      (all) => all.map(({ address }) => address),
      () => [],
    )
    const tooLate = new Promise<string[]>((resolve) => {
      over.addEventListener('abort', () => resolve([]), { once: true })
    })
    return Promise.race([found, tooLate])
  },

  isOwn: (address) =>
    Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address)),
}
