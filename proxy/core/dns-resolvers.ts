import { ipv4 } from './dns-address.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Name that its certificate must have; absent: it is asked in clear. */
  readonly tlsName?: string
}

const DNS_PORT = 53
/** RFC 7858 §3.1. */
const TLS_PORT = 853

/** resolv.conf(5): more are ignored there as well. */
const RESOLVERS_MAX = 3

/** Addresses behind `nameserver` in the text of a resolv.conf(5). */
export function nameservers(text: string): string[] {
  const found = [...text.matchAll(/^[ \t]*nameserver[ \t]+([^\s#;]+)/gm)].map(([, a = '']) => a)
  return found.slice(0, RESOLVERS_MAX)
}

/**
 * Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` and `[2001:db8::1]:5353`, and the same between `tls://`
 * and `#dns.example`, the name on the certificate.
 */
export function endpoint(text: string): Endpoint | null {
  const [, address = '', tlsName = ''] = /^tls:\/\/([^#]+)#([a-z0-9.-]+)$/i.exec(text) ?? []
  if (address === '') return plainEndpoint(text, DNS_PORT)
  const at = plainEndpoint(address, TLS_PORT)
  return at && { ...at, tlsName }
}

function plainEndpoint(text: string, usualPort: number): Endpoint | null {
  const parts =
    /^(?:\[([0-9a-f:.]+(?:%\w+)?)\]|([\d.]+))(?::(\d{1,5}))?$/i.exec(text) ??
    /^()([0-9a-f:.]+(?:%\w+)?)$/i.exec(text)
  const host = parts?.[1] || parts?.[2] || ''
  const port = parts?.[3] === undefined ? usualPort : Number(parts[3])
  const isAddress = host.includes(':') || ipv4(host) !== null
  return isAddress && port > 0 && port < 65536 ? { host, port } : null
}

/**
 * Leaves out ourselves: a question passed on to ourselves would come back until it dies. `own` are
 * the sockets that we listen on; a socket on all addresses is meant by each address of the host.
 */
export function withoutOwn(
  resolvers: readonly Endpoint[],
  own: readonly Endpoint[],
  hostAddresses: ReadonlySet<string>,
): Endpoint[] {
  const isOwn = ({ host, port }: Endpoint): boolean =>
    own.some((self) => {
      if (self.port !== port) return false
      if (self.host === host || isAny(host)) return true
      return isAny(self.host) && (hostAddresses.has(host) || host.startsWith('127.'))
    })
  return resolvers.filter((resolver) => !isOwn(resolver))
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
