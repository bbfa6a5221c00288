import type { Buffer } from 'node:buffer'
import { CR, LF, REQUEST_NAME, SPACE, TARGET, TOKEN } from './http-chars.ts'
import { readFields } from './http-fields.ts'
import type { Fields } from './http-fields.ts'
import { HTTP_LIMITS, INCOMPLETE, refused } from './http-parse.ts'
import type { Framing, Incomplete, Refused } from './http-parse.ts'
import { readRequestMeaning } from './http-request-meaning.ts'

/** A request line, as places in the bytes. */
export interface RequestLine {
  readonly kind: 'line'
  readonly start: number
  readonly method: string
  readonly targetStart: number
  readonly targetEnd: number
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1
  /** Where the first field line begins. */
  readonly end: number
}

export interface RequestHead {
  readonly kind: 'head'
  readonly bytes: Buffer
  readonly line: RequestLine
  readonly fields: Fields
  readonly meaning: RequestMeaning
  /** Where the content begins. */
  readonly end: number
}

export interface RequestMeaning {
  readonly kind: 'meaning'
  /** Host for routing: lower case, no port, no trailing dot. '' in HTTP/1.0 without Host. */
  readonly host: string
  /** The value of Host as the member gets it. */
  readonly authority: string
  /** Set when the target came in absolute form: what is sent on in its place, in origin form. */
  readonly target: string | null
  readonly framing: Framing
  /** Whether the peer wants to go on using its connection. */
  readonly persistent: boolean
  readonly expectsContinue: boolean
  /** A WebSocket handshake that may become a tunnel. */
  readonly upgrade: boolean
  /** Fields that Connection names, lower case; they are for this hop alone. */
  readonly hopFields: readonly string[]
}

const RULES = {
  names: REQUEST_NAME,
  maxFields: HTTP_LIMITS.fields,
  limit: HTTP_LIMITS.requestHeadBytes,
} as const

/**
 * Reads the head of a request from the start of `bytes`. What is refused here is refused for every
 * continuation of the same bytes, and what is accepted does not depend on how they were split.
 */
export function readRequestHead(bytes: Buffer): RequestHead | Refused | Incomplete {
  const line = readRequestLine(bytes)
  if (line.kind !== 'line') return line
  const fields = readFields(bytes, line.end, RULES)
  if (fields.kind !== 'fields') return fields
  const meaning = readRequestMeaning(bytes, line, fields)
  if (meaning.kind !== 'meaning') return meaning
  return { kind: 'head', bytes, line, fields, meaning, end: fields.end }
}

function readRequestLine(bytes: Buffer): RequestLine | Refused | Incomplete {
  const start = afterEmptyLine(bytes)
  if (typeof start !== 'number') return start
  const limit = start + HTTP_LIMITS.requestLineBytes
  const stop = Math.min(bytes.length, limit)

  let i = start
  while (i < stop && i - start <= HTTP_LIMITS.methodBytes && TOKEN[bytes[i] ?? 0] === 1) i += 1
  if (i - start > HTTP_LIMITS.methodBytes) return refused(501, 'its method is unknown')
  if (i >= stop) return INCOMPLETE
  if (i === start || bytes[i] !== SPACE) return refused(400, 'its first line has no method')
  const methodEnd = i

  i += 1
  const targetStart = i
  while (i < stop && TARGET[bytes[i] ?? 0] === 1) i += 1
  if (i >= limit) return refused(414, 'its target is too long')
  if (i >= stop) return INCOMPLETE
  if (i === targetStart || bytes[i] !== SPACE) {
    return refused(400, 'its target has a byte that is not allowed, or no version follows it')
  }

  const version = readVersion(bytes, i + 1)
  if (typeof version !== 'number') return version
  return {
    kind: 'line',
    start,
    method: bytes.toString('latin1', start, methodEnd),
    targetStart,
    targetEnd: i,
    minor: version === 0 ? 0 : 1,
    end: i + 1 + VERSION_LINE.length,
  }
}

/** One empty line before a request is let pass (RFC 9112 §2.2): old clients end a body with it. */
function afterEmptyLine(bytes: Buffer): number | Refused | Incomplete {
  if (bytes[0] !== CR) return bytes.length === 0 ? INCOMPLETE : 0
  if (bytes.length === 1) return INCOMPLETE
  return bytes[1] === LF ? 2 : refused(400, 'it has a carriage return on its own')
}

const VERSION_LINE = 'HTTP/1.1\r\n'
const MAJOR = 5
const MINOR = 7

/** The minor version; anything but HTTP/1.0 and HTTP/1.1 is refused. */
function readVersion(bytes: Buffer, at: number): number | Refused | Incomplete {
  for (let i = 0; i < VERSION_LINE.length; i += 1) {
    const byte = bytes[at + i]
    if (byte === undefined) return INCOMPLETE
    const isDigit = byte >= 0x30 && byte <= 0x39
    const fits = i === MAJOR || i === MINOR ? isDigit : byte === VERSION_LINE.charCodeAt(i)
    if (!fits) return refused(400, 'its first line does not end in a version of HTTP')
  }
  const major = bytes[at + MAJOR]
  const minor = (bytes[at + MINOR] ?? 0) - 0x30
  if (major !== 0x31 || minor > 1) return refused(505, 'it speaks neither HTTP/1.1 nor HTTP/1.0')
  return minor
}
