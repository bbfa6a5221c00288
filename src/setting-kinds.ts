import { isIP } from 'node:net'
import { z } from 'zod'
import { ipRange } from './core/ip-address.ts'
import { hostPort } from './instance.ts'

export const Flag = z.stringbool({ truthy: ['1', 'true', 'yes'], falsy: ['0', 'false', 'no', ''] })
export const HostPort = z
  .string()
  .regex(
    /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\]|localhost)?:\d{1,5}$/i,
    'an address and a port, e.g. 127.0.0.1:7070',
  )
  .refine(isAddress, 'an address and a port, e.g. 127.0.0.1:7070')
export const Domain = z
  .string()
  .max(200)
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'a domain in lower case')
/** Without TLS only to this machine: whoever sits on the way could sign in as anybody. */
export const OidcUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isSafeUrl, 'an https address, or one of this machine')
export const Amount = z.coerce.number().int().min(0)
export const Rest = z.coerce
  .number()
  .int()
  .min(1)
  .max(7 * 24 * 60 * 60)
/** `50/200`: fifty a second, of which up to two hundred can be saved up. */
export const RequestRate = z
  .string()
  .regex(/^[1-9]\d{0,5}\/[1-9]\d{0,6}$/, 'requests a second and burst, e.g. 50/200')
  .transform((text) => {
    const [perSecond = 1, burst = 1] = text.split('/').map(Number)
    return { perSecond, burst }
  })
export const Origins = z
  .string()
  .refine((text) => list(text).every(isOrigin), 'origins such as https://example.com')
  .transform(list)
export const Addresses = z
  .string()
  .transform(list)
  .refine((all) => all.every((one) => isIP(one) !== 0), 'addresses such as 192.0.2.53')
/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export const Ranges = z
  .string()
  .transform(list)
  .refine(
    (all) => all.length <= RANGES_MAX && all.every((one) => ipRange(one) !== null),
    'at most 64 ranges such as 10.0.0.0/8, each by its first address',
  )
/** `9.9.9.9`, `[2620:fe::fe]:53`, and over TLS `tls://9.9.9.9#dns.quad9.net`. */
export const Resolvers = z
  .string()
  .transform(list)
  .refine(
    (all) => all.length <= RESOLVERS_MAX && all.every(isResolver),
    'at most eight resolvers such as 9.9.9.9 or tls://9.9.9.9#dns.quad9.net',
  )
export const OptionalAmount = z.union([z.literal('').transform(() => null), Amount.nullable()])
export const OptionalFactor = z.union([
  z.literal('').transform(() => null),
  z.coerce.number().positive().max(1000).nullable(),
])

function list(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** As a browser writes it: scheme, host and port, in lower case and without a path. */
const isOrigin = (text: string): boolean =>
  /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text

function isSafeUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
}

const RESOLVERS_MAX = 8
const RANGES_MAX = 64

function isResolver(text: string): boolean {
  const [, overTls] = /^tls:\/\/([^#]+)#[a-z0-9][a-z0-9.-]*$/.exec(text) ?? []
  const address = overTls ?? text
  const isWithPort = /^([\d.]+|\[[0-9a-f:]+\]):[1-9]\d{0,4}$/i.test(address)
  return isIP(address) !== 0 || (isWithPort && isAddress(address))
}

/** No more than the eye sees: four numbers up to 255, a port up to 65535. */
function isAddress(text: string): boolean {
  const { host, port } = hostPort(text)
  return port <= 65_535 && (host === 'localhost' || isIP(host) !== 0)
}
