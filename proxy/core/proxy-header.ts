import { ipText } from '../../src/core/ip-address.ts'

/**
 * The header of the PROXY protocol, version 2, by which a load balancer in front says who its client is
 * (HAProxy, doc/proxy-protocol.txt §2.2). Version 1, a line of text, is not read: it has no length, and
 * whoever can send it can send this.
 */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** `source`: the client's address; null: the sender speaks for itself. `end`: where the client's bytes begin. */
  | { readonly kind: 'header'; readonly source: string | null; readonly end: number }

/** Addresses and extensions together. A certificate may be among these, more than this has nobody to say. */
export const PROXY_HEADER_MOST = 4096

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
const FIXED_BYTES = 16
const LOCAL = 0x20
const PROXY = 0x21
const UNSPECIFIED = 0x00
const TCP_OVER_IPV4 = 0x11
const TCP_OVER_IPV6 = 0x21
/** Two addresses and two ports. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = {
  [TCP_OVER_IPV4]: 12,
  [TCP_OVER_IPV6]: 36,
}
const EXTENSION_HEAD_BYTES = 3
const INCOMPLETE: ProxyHeader = { kind: 'incomplete' }

/** The verdict is the same however the bytes were split: it depends on those up to the first offence. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  for (const [i, byte] of SIGNATURE.entries()) {
    if (i >= bytes.length) return INCOMPLETE
    if (bytes[i] !== byte) return refused('it does not begin with the signature of version 2')
  }
  const command = bytes[12]
  if (command === undefined) return INCOMPLETE
  if (command !== LOCAL && command !== PROXY) return refused('its version or command is unknown')
  const family = bytes[13]
  if (family === undefined) return INCOMPLETE
  const addressBytes = ADDRESS_BYTES[family] ?? 0
  const saysNobody = command === LOCAL || family === UNSPECIFIED
  if (!saysNobody && addressBytes === 0) return refused('its addresses are not of TCP over IP')
  if (bytes.length < FIXED_BYTES) return INCOMPLETE
  const length = (bytes[14] ?? 0) * 256 + (bytes[15] ?? 0)
  if (length > PROXY_HEADER_MOST) return refused('it is too long')
  if (!saysNobody && length < addressBytes) return refused('it is too short for its addresses')
  const end = FIXED_BYTES + length
  if (bytes.length < end) return INCOMPLETE
  if (saysNobody) return { kind: 'header', source: null, end }
  if (!areExtensions(bytes, FIXED_BYTES + addressBytes, end)) {
    return refused('its extensions do not fill it')
  }
  return { kind: 'header', source: sourceOf(bytes, family), end }
}

function sourceOf(bytes: Uint8Array, family: number): string {
  const from = FIXED_BYTES
  if (family === TCP_OVER_IPV4) return bytes.subarray(from, from + 4).join('.')
  const groups = Array.from(
    { length: 8 },
    (_, i) => (bytes[from + i * 2] ?? 0) * 256 + (bytes[from + i * 2 + 1] ?? 0),
  )
  return ipText(groups)
}

/** Each a type, a length and so many bytes. Nothing in them is used, but they have to be whole. */
function areExtensions(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from
  while (at < end) {
    if (at + EXTENSION_HEAD_BYTES > end) return false
    at += EXTENSION_HEAD_BYTES + (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0)
  }
  return at === end
}

const refused = (reason: string): ProxyHeader => ({ kind: 'refused', reason })
