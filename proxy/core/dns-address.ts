import { below, type NameKey } from './dns-name.ts'

/** Four bytes of an address in dotted decimals, as a number. Null: it is something else. */
export function ipv4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (parts === null) return null
  let value = 0
  for (const part of parts.slice(1)) {
    if (Number(part) > 255) return null
    value = value * 256 + Number(part)
  }
  return value
}

export function ipv4Text(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

export function ipv4Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export interface Block {
  readonly first: number
  readonly prefix: number
}

export function block(cidr: string): Block | null {
  const [address = '', length = ''] = cidr.split('/')
  const base = ipv4(address)
  if (base === null || !/^\d{1,2}$/.test(length) || Number(length) > 32) return null
  const prefix = Number(length)
  return { first: base - (base % 2 ** (32 - prefix)), prefix }
}

export function contains({ first, prefix }: Block, address: number): boolean {
  return address >= first && address < first + 2 ** (32 - prefix)
}

export function isLoopback(source: string): boolean {
  return source.startsWith('127.') || source === '::1'
}

/** A socket of both families shows an IPv4 peer as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2). */
export function withoutMapping(source: string): string {
  return source.startsWith('::ffff:') ? source.slice(7) : source
}

/** The name of an address in the reverse tree (RFC 1035 §3.5). */
export function reverseName(address: number): NameKey {
  return reverse(ipv4Text(address).split('.'))
}

/**
 * Zones of the reverse tree that make up a block. Names there have a label an octet, so a prefix in
 * between is cut into zones of the next octet: a /12 into sixteen.
 */
export function reverseZones({ first, prefix }: Block): NameKey[] {
  const octets = Math.max(1, Math.ceil(prefix / 8))
  const size = 2 ** (32 - octets * 8)
  const count = Math.max(1, 2 ** (octets * 8 - prefix))
  return Array.from({ length: count }, (_, i) =>
    reverse(
      ipv4Text(first + i * size)
        .split('.')
        .slice(0, octets),
    ),
  )
}

const IN_ADDR_ARPA: NameKey = '\x07in-addr\x04arpa\0'

function reverse(octets: readonly string[]): NameKey {
  return octets.reduce((key, octet) => below(octet, key), IN_ADDR_ARPA)
}
