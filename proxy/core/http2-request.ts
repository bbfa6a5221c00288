import { FIELD_VALUE, REQUEST_NAME, TARGET, TOKEN, isBlank } from './http-chars.ts'
import { refused } from './http-parse.ts'
import type { Refused } from './http-parse.ts'

/**
 * Requests of HTTP/2 as the head that HTTP/1.1 would have had (RFC 9113 §8.3). What is made here is read by the
 * same strict reader as every other head, so nothing gets past it that would not have as HTTP/1.1.
 */
export interface Http2Fields {
  /** Names and values in turn, as they came. */
  readonly raw: readonly string[]
  /** No content follows. */
  readonly isWhole: boolean
  /** The key of the handshake that a WebSocket is turned into (RFC 8441 §5). */
  readonly handshakeKey: string
}

interface Pseudo {
  method: string | undefined
  scheme: string | undefined
  path: string | undefined
  authority: string | undefined
  protocol: string | undefined
}

/** Fields of a connection have no place in HTTP/2 (RFC 9113 §8.2.2). */
const FORBIDDEN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** The head in latin1, or why it cannot be one. */
export function http2RequestHead({ raw, isWhole, handshakeKey }: Http2Fields): string | Refused {
  const pseudo: Pseudo = {
    method: undefined,
    scheme: undefined,
    path: undefined,
    authority: undefined,
    protocol: undefined,
  }
  const found = readFields(raw, pseudo)
  if ('status' in found) return found
  const isSocket = pseudo.protocol !== undefined
  const line = requestLine(pseudo)
  if (typeof line !== 'string') return line
  const authority = pseudo.authority ?? found.host
  if (authority === undefined || authority === '') return refused(400, 'it names no host')
  if (found.host !== undefined && found.host.toLowerCase() !== authority.toLowerCase()) {
    return refused(400, 'its :authority and its Host name different hosts')
  }
  const cookie = found.cookies.length > 0 ? `cookie: ${found.cookies.join('; ')}\r\n` : ''
  const framing = isWhole || found.hasLength || isSocket ? '' : 'transfer-encoding: chunked\r\n'
  const handshake = isSocket
    ? `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: ${handshakeKey}\r\n`
    : ''
  return `${line}host: ${authority}\r\n${found.lines}${cookie}${framing}${handshake}\r\n`
}

interface Found {
  lines: string
  host: string | undefined
  hasLength: boolean
  readonly cookies: string[]
}

function readFields(raw: readonly string[], pseudo: Pseudo): Found | Refused {
  const found: Found = { lines: '', host: undefined, hasLength: false, cookies: [] }
  let isAfterPseudo = false
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (!isValue(value)) return refused(400, 'the value of a field has a byte that is not allowed')
    if (name.startsWith(':')) {
      if (isAfterPseudo) return refused(400, 'a pseudo-field follows a field')
      const key = name.slice(1)
      if (!isPseudo(key)) return refused(400, 'it has an unknown pseudo-field')
      if (pseudo[key] !== undefined) return refused(400, `it has more than one ${name}`)
      pseudo[key] = value
      continue
    }
    isAfterPseudo = true
    const wrong = readField(found, name, value)
    if (wrong !== undefined) return wrong
  }
  return found
}

function readField(found: Found, name: string, value: string): Refused | undefined {
  if (!isName(name)) return refused(400, 'the name of a field has a byte that is not allowed')
  if (FORBIDDEN.has(name)) return refused(400, `it has the field "${name}", which HTTP/2 forbids`)
  if (name === 'te' && value.toLowerCase() !== 'trailers') {
    return refused(400, 'its TE is not "trailers"')
  }
  if (name === 'host') {
    if (found.host !== undefined) return refused(400, 'it has more than one Host')
    found.host = value
  } else if (name === 'cookie') {
    found.cookies.push(value)
  } else {
    if (name === 'content-length') found.hasLength = true
    found.lines += `${name}: ${value}\r\n`
  }
  return undefined
}

const isPseudo = (name: string): name is keyof Pseudo =>
  ['method', 'scheme', 'path', 'authority', 'protocol'].includes(name)

/** RFC 9113 §8.3.1, and RFC 8441 §4 for WebSockets: a CONNECT that is a GET in HTTP/1.1. */
function requestLine({ method, scheme, path, protocol }: Pseudo): string | Refused {
  if (method === undefined || !every(method, TOKEN)) return refused(400, 'its method is none')
  if (protocol !== undefined) {
    if (method !== 'CONNECT') return refused(400, 'it has a :protocol without CONNECT')
    if (protocol !== 'websocket') return refused(501, 'its :protocol is not offered')
  } else if (method === 'CONNECT') {
    return refused(405, 'CONNECT is not offered')
  }
  if (scheme !== 'https' && scheme !== 'http') return refused(400, 'its scheme is not offered')
  if (path === undefined || !every(path, TARGET)) return refused(400, 'its path is none')
  const isStar = path === '*' && method === 'OPTIONS'
  if (!path.startsWith('/') && !isStar) return refused(400, 'its path does not begin with "/"')
  return `${protocol === undefined ? method : 'GET'} ${path} HTTP/1.1\r\n`
}

/** Lower case alone (RFC 9113 §8.2.1), and no underscore, as in HTTP/1.1. */
function isName(name: string): boolean {
  return every(name, REQUEST_NAME) && name === name.toLowerCase()
}

function isValue(value: string): boolean {
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return false
  return value === '' || every(value, FIELD_VALUE)
}

function every(text: string, allowed: Uint8Array): boolean {
  for (let i = 0; i < text.length; i += 1) if (allowed[text.charCodeAt(i)] !== 1) return false
  return text !== ''
}
