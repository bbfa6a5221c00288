import { Resolver } from 'node:dns/promises'
import { get, type IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'
import { ipAddress, ipRange, isWithin, type IpRange } from '../core/ip-address.ts'
import { SPECIAL_RANGES } from '../core/special-ranges.ts'
import type { DomainProofs } from '../ports/domain-proofs.ts'

export interface ProofOptions {
  /** Also where the name leads to an address that is not of the public internet. */
  readonly isPrivateAllowed: boolean
  /** Of resolvers, `address:port`; absent: those of resolv.conf. */
  readonly servers?: readonly string[]
  readonly port?: number
}

const TRY_MS = 2_000
const TRIES = 2
const HTTP_PORT = 80
/** A token and some blanks. */
const MOST_BYTES = 256

/** Ranges that a tenant has no business to have us call, beyond those of containers. */
const NOT_PUBLIC: readonly IpRange[] = [
  ...SPECIAL_RANGES,
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
].flatMap((text) => ipRange(text) ?? [])

/** IPv4 alone: no other kind is asked for. */
export const isPublic = (address: string): boolean => {
  const parsed = ipAddress(address)
  return isIPv4(address) && parsed !== null && !isWithin(NOT_PUBLIC, parsed)
}

/** By the host's own resolvers. Over HTTP the address that was looked at is the one that is called. */
export function domainProofs(options: ProofOptions): DomainProofs {
  async function asked<T>(signal: AbortSignal, ask: (resolver: Resolver) => Promise<T[]>) {
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })
    if (options.servers) resolver.setServers(options.servers)
    const cancel = (): void => resolver.cancel()
    signal.addEventListener('abort', cancel)
    try {
      return await ask(resolver)
    } catch {
      // No such name, or nobody who knows it: either way nothing is shown.
      return []
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  return {
    async texts(name, signal) {
      const records = await asked(signal, (resolver) => resolver.resolveTxt(name))
      return records.map((parts) => parts.join(''))
    },

    async page(host, path, signal) {
      const addresses = await asked(signal, (resolver) => resolver.resolve4(host))
      const [address] = addresses
      if (address === undefined) return null
      // One of its addresses is enough to refuse: the next question could be answered otherwise.
      if (!options.isPrivateAllowed && !addresses.every(isPublic)) return null
      const port = options.port ?? HTTP_PORT
      return fetched({ address, port, host, path, signal }).catch(() => null)
    },
  }
}

interface Fetching {
  readonly address: string
  readonly port: number
  readonly host: string
  readonly path: string
  readonly signal: AbortSignal
}

/** Follows nothing, and reads no more than a token. */
async function fetched({ address, port, host, path, signal }: Fetching): Promise<string | null> {
  const headers = { host, accept: 'text/plain', 'user-agent': 'cloudlet-verify' }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: address, port, path, headers, signal, agent: false }, resolve).on('error', reject)
  })
  try {
    if (response.statusCode !== 200) return null
    let text = ''
    for await (const chunk of response.setEncoding('latin1')) {
      text += String(chunk)
      if (text.length > MOST_BYTES) return null
    }
    return text.trim()
  } finally {
    response.destroy()
  }
}
