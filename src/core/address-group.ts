const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const HALF = 4

/**
 * Those who are counted together: an IPv4 address alone, of IPv6 the /64, in which one machine has as
 * many addresses as it likes. An IPv4 address that came over a socket of IPv6 is the IPv4 address: else
 * all of them were one group.
 */
export function addressGroup(address: string): string {
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 2 * HALF - first.length - last.length)
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, HALF)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}

export const isLoopback = (address: string): boolean =>
  address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address.replace(/^::ffff:/i, ''))
