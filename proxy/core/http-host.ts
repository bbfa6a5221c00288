import { HOST } from './http-chars.ts'

/** An authority without user information: the name that decides the route, and the port as written. */
interface Authority {
  /** Lower case, without the port and one trailing dot. */
  readonly name: string
  /** Digits, or '' when none are given. */
  readonly port: string
}

/**
 * Reads `host[:port]` (RFC 9110 §7.2). Whatever is not plainly one host gives undefined: user
 * information, a path, a list, white space, nothing at all.
 */
export function readAuthority(text: string): Authority | undefined {
  const nameEnd = text.startsWith('[') ? text.indexOf(']') + 1 : endOfName(text)
  if (nameEnd === 0) return undefined
  const name = text.slice(0, nameEnd)
  if (name.startsWith('[') && !/^\[[0-9a-fA-F:.]{2,45}\]$/.test(name)) return undefined
  const port = text.slice(nameEnd)
  if (port !== '' && !/^:\d{0,5}$/.test(port)) return undefined
  const bare = name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name
  return { name: bare.toLowerCase(), port: port.slice(1) }
}

function endOfName(text: string): number {
  let i = 0
  while (i < text.length && HOST[text.charCodeAt(i) & 0xff] === 1) i += 1
  return i
}
