/**
 * The path as an app may understand it: octets that need no encoding decoded, empty and dot segments gone (RFC 3986 §6.2.2).
 * What is sent on stays as it came. Null: an encoded slash, a backslash or a NUL, which some apps take for a
 * separator and some do not.
 */
export function comparedPath(target: string): string | null {
  const end = target.indexOf('?')
  const path = end < 0 ? target : target.slice(0, end)
  if (/%2f|%5c|%00|\\/i.test(path)) return null
  if (!/%|\/\/|\/\./.test(path)) return path
  const decoded = path.replaceAll(/%([0-9a-f]{2})/gi, (octet, hex: string) => {
    const character = String.fromCodePoint(Number.parseInt(hex, 16))
    return /[\w.~!$&'()*+,;=:@-]/.test(character) ? character : octet.toUpperCase()
  })
  const kept: string[] = []
  for (const segment of decoded.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && segment !== '') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
