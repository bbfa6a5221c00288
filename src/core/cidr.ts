/** An IPv4 range: `10.208.4.0/24`. `base` is its first address as a number, `size` how many it holds. */
export interface Cidr {
  readonly base: number
  readonly prefix: number
  readonly size: number
}

const OCTET = /^(0|[1-9]\d{0,2})$/

/** Reads a dotted quad, strictly: no leading zeros, no fewer than four parts (RFC 6943 §3.1.1). */
export function addressNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) <= 255)) {
    return undefined
  }
  return parts.reduce((number, part) => number * 256 + Number(part), 0)
}

export const addressText = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

/** Reads `a.b.c.d/n` whose host bits are zero. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.]+)\/(\d|[12]\d|3[0-2])$/.exec(text)
  const base = addressNumber(match?.[1] ?? '')
  if (!match || base === undefined) return undefined
  const prefix = Number(match[2])
  const size = 2 ** (32 - prefix)
  return base % size === 0 ? { base, prefix, size } : undefined
}

export const cidrText = ({ base, prefix }: Cidr): string => `${addressText(base)}/${prefix}`

export const overlaps = (a: Cidr, b: Cidr): boolean =>
  a.base < b.base + b.size && b.base < a.base + a.size
