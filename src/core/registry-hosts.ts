import { addressNumber, overlaps, parseCidr } from './cidr.ts'

export type RegistryVerdict = 'fine' | 'refused' | 'unknown'

/**
 * Judges whom an engine would talk to. It stands inside: for it the host's own services, the gateways of
 * tenants and the neighbours in a private network are in reach, and 127.0.0.0/8 is even trusted without
 * TLS. So only public registries are open to tenants, and those that the operator names.
 * `unknown`: a name, whose addresses have to be looked up.
 */
export function judgedRegistry(registry: string, named: readonly string[]): RegistryVerdict {
  if (named.includes(registry) || registry === DOCKER_HUB) return 'fine'
  const host = registry.replace(/:\d+$/, '')
  if (host === 'localhost' || host.endsWith('.localhost')) return 'refused'
  if (!ENDS_IN_NUMBER.test(host)) return 'unknown'
  // Names do not end in a number: what does is an address, in one spelling or a stranger one.
  return isPublicAddress(host) ? 'fine' : 'refused'
}

const DOCKER_HUB = 'docker.io'
/** As in the URL Standard (https://url.spec.whatwg.org/#ends-in-a-number-checker). */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i

/** Ranges that are not the public Internet's (RFC 6890, and multicast). */
const PRIVATE_V4 = `
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
  192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
  224.0.0.0/4 240.0.0.0/4`
  .trim()
  .split(/\s+/)
  .flatMap((text) => parseCidr(text) ?? [])

/** False also for what is no address, in the one spelling that everybody reads the same. */
export function isPublicAddress(text: string): boolean {
  if (text.includes(':')) return isPublicV6(text)
  const number = addressNumber(text)
  if (number === undefined) return false
  const single = { base: number, prefix: 32, size: 1 }
  return !PRIVATE_V4.some((range) => overlaps(range, single))
}

/**
 * Global unicast is 2000::/3 (RFC 4291 §2.4), of which Teredo, documentation and 6to4 lead elsewhere; what
 * has an IPv4 address inside (`::ffff:127.0.0.1`) lies outside it.
 */
const isPublicV6 = (text: string): boolean =>
  /^[23][0-9a-f]{3}:/i.test(text) && !/^(?:2001:0?:|2001::|2001:0?db8:|2002:|3fff:)/i.test(text)
