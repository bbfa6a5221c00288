import { addressNumber } from './cidr.ts'

/** An address as its eight groups of 16 bits; IPv4 as it is mapped into IPv6 (RFC 4291 §2.5.5.2). */
export type IpAddress = readonly number[]

const GROUPS = 8
const MAPPED = [0, 0, 0, 0, 0, 0xffff] as const
const GROUP = /^[0-9a-f]{1,4}$/i

/** Reads an address as people write it, without a zone, a port or brackets. */
export function ipAddress(text: string): IpAddress | null {
  const number = addressNumber(text)
  if (number !== undefined) return [...MAPPED, Math.floor(number / 65_536), number % 65_536]
  const halves = text.split('::')
  if (!text.includes(':') || halves.length > 2) return null
  const [head, tail] = [groupsOf(halves[0], halves.length === 1), groupsOf(halves[1], true)]
  if (head === null || tail === null) return null
  const missing = GROUPS - head.length - tail.length
  // `::` stands for at least one group of zeros (RFC 5952 §4.2.2 wants two, but whoever reads is lenient).
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

/** The groups on one side of `::`; the last of all may be an IPv4 address. */
function groupsOf(text: string | undefined, isLast: boolean): number[] | null {
  if (text === undefined || text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const number = isLast ? addressNumber(last) : undefined
  const words = number === undefined ? parts : parts.slice(0, -1)
  if (!words.every((word) => GROUP.test(word))) return null
  const groups = words.map((word) => Number.parseInt(word, 16))
  return number === undefined ? groups : [...groups, Math.floor(number / 65_536), number % 65_536]
}

/** As a log and a header show it: IPv4 in dotted decimals, IPv6 by RFC 5952. */
export function ipText(address: IpAddress): string {
  if (MAPPED.every((group, i) => address[i] === group)) {
    return address
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.')
  }
  const { from, length } = longestZeros(address)
  const words = address.map((group) => group.toString(16))
  if (length < 2) return words.join(':')
  return `${words.slice(0, from).join(':')}::${words.slice(from + length).join(':')}`
}

function longestZeros(address: IpAddress): { readonly from: number; readonly length: number } {
  let best = { from: 0, length: 0 }
  let from = 0
  for (let i = 0; i <= GROUPS; i += 1) {
    if (address[i] === 0) continue
    if (i - from > best.length) best = { from, length: i - from }
    from = i + 1
  }
  return best
}

export interface IpRange {
  readonly first: IpAddress
  /** Bits, counted as of IPv6. */
  readonly prefix: number
}

/** Reads `10.0.0.0/8`, `2001:db8::/32`, or one address; what is beyond the prefix is to be zero. */
export function ipRange(text: string): IpRange | null {
  const [written = '', length, ...more] = text.split('/')
  const first = ipAddress(written)
  if (first === null || more.length > 0) return null
  const bits = addressNumber(written) === undefined ? 128 : 32
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return null
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return null
  const range = { first, prefix: prefix + 128 - bits }
  const isFirst = first.every((group, i) => (group & ~maskOf(range.prefix, i)) === 0)
  return isFirst ? range : null
}

/** The bits of group `i` that a prefix covers. */
function maskOf(prefix: number, i: number): number {
  const bits = Math.min(16, Math.max(0, prefix - i * 16))
  return (0xffff << (16 - bits)) & 0xffff
}

export function isWithin(ranges: readonly IpRange[], address: IpAddress): boolean {
  return ranges.some(({ first, prefix }) =>
    first.every((group, i) => ((group ^ (address[i] ?? 0)) & maskOf(prefix, i)) === 0),
  )
}

/** The same for an address as people write it; what is none is in no range. */
export function isTextWithin(ranges: readonly IpRange[], text: string): boolean {
  const address = ipAddress(text)
  return address !== null && isWithin(ranges, address)
}
