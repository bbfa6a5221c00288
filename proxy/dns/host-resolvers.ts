import type { Log } from '../../src/log.ts'
import { nameservers } from '../core/dns-resolvers.ts'

/** DHCP and VPNs rewrite the file at any time. */
const MAX_AGE_MS = 5000

export interface HostResolversDeps {
  /** The text of /etc/resolv.conf. */
  readonly read: () => Promise<string>
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly log: Log
}

/** The host's resolvers, read again when what is known is old. An unreadable file leaves the last ones. */
export function hostResolvers({ read, now, log }: HostResolversDeps) {
  let known: readonly string[] = []
  let readAt = -Infinity
  let reading: Promise<readonly string[]> | null = null

  async function refresh(): Promise<readonly string[]> {
    try {
      known = nameservers(await read())
    } catch (error) {
      log('warn', 'Cannot read the list of resolvers', { error: String(error) })
    }
    readAt = now()
    reading = null
    return known
  }

  return async (): Promise<readonly string[]> => {
    if (now() - readAt < MAX_AGE_MS) return known
    reading ??= refresh()
    return reading
  }
}
