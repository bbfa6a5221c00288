import { Resolver } from 'node:dns/promises'
import type { OutsideNames } from '../ports/outside-names.ts'

const TRY_MS = 2_000
const TRIES = 2

/** No such name, or none with an address. */
const ABSENT: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA'])

/** By the servers of resolv.conf, which unlike the system's own look-up say for how long an answer is good. */
export const outsideNames: OutsideNames = {
  async resolve(name, signal) {
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })
    const cancel = (): void => resolver.cancel()
    signal.addEventListener('abort', cancel)
    try {
      const found = await resolver.resolve4(name, { ttl: true })
      return found.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }))
    } catch (error) {
      if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return []
      throw error
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  },
}
