import type { Buffer } from 'node:buffer'
import { CR, FIELD_VALUE, LF, SPACE, TOKEN } from './http-chars.ts'
import {
  CONNECTION,
  CONTENT_LENGTH,
  DATE,
  KEEP_ALIVE,
  TRANSFER_ENCODING,
  UPGRADE,
} from './http-field-kind.ts'
import { fieldValue, readFields } from './http-fields.ts'
import type { Fields } from './http-fields.ts'
import { contentLength, hopFields, isChunked } from './http-meaning.ts'
import { CHUNKED, HTTP_LIMITS, INCOMPLETE, NO_CONTENT, UNTIL_CLOSE, refused } from './http-parse.ts'
import type { Framing, Incomplete, Refused } from './http-parse.ts'

export interface ResponseHead {
  readonly kind: 'head'
  readonly bytes: Buffer
  readonly status: number
  readonly minor: 0 | 1
  readonly fields: Fields
  readonly framing: Framing
  /** Whether the member offers to go on using its connection. */
  readonly persistent: boolean
  /** Seconds of the Keep-Alive field, if it gives any. */
  readonly keepAliveS: number | undefined
  readonly hasDate: boolean
  /** Switched to WebSocket (101), with the fields that a switch needs. */
  readonly upgraded: boolean
  readonly hopFields: readonly string[]
  readonly end: number
}

const RULES = {
  names: TOKEN,
  maxFields: HTTP_LIMITS.fields,
  limit: HTTP_LIMITS.responseHeadBytes,
} as const

/**
 * Reads the head of an answer to a request of the given method, as strictly as a request: whoever
 * splits one answer in two decides what the next client on the connection is told. `status` of a
 * refusal means nothing here; the client gets 502.
 */
export function readResponseHead(
  bytes: Buffer,
  method: string,
): ResponseHead | Refused | Incomplete {
  const line = readStatusLine(bytes)
  if (line.kind !== 'line') return line
  const fields = readFields(bytes, line.end, RULES)
  if (fields.kind !== 'fields') return fields
  const deciding = readDeciding(bytes, fields)
  if ('kind' in deciding) return deciding

  const framing = responseFraming(deciding, line, method)
  if ('reason' in framing) return framing
  const { connection, upgrade } = deciding
  const hop = connection === undefined ? [] : hopFields(connection)
  if (hop === undefined) return refused(400, 'its Connection has too many names')
  return {
    kind: 'head',
    bytes,
    status: line.status,
    minor: line.minor,
    fields,
    framing,
    persistent: line.minor === 1 && !hop.includes('close'),
    keepAliveS: deciding.keepAliveS,
    hasDate: deciding.hasDate,
    upgraded: upgrade?.toLowerCase() === 'websocket' && hop.includes('upgrade'),
    hopFields: hop,
    end: fields.end,
  }
}

interface StatusLine {
  readonly kind: 'line'
  readonly status: number
  readonly minor: 0 | 1
  readonly end: number
}

/** `HTTP/1.` */
const VERSION = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e] as const
const MINOR = VERSION.length
/** `HTTP/1.x ddd` */
const STATUS_LINE_BYTES = 12
const ZERO = 0x30

/** `HTTP/1.1 200 OK`, or without the reason and even the space before it (RFC 9112 §4). */
function readStatusLine(bytes: Buffer): StatusLine | Refused | Incomplete {
  for (let i = 0; i < STATUS_LINE_BYTES; i += 1) {
    const byte = bytes[i]
    if (byte === undefined) return INCOMPLETE
    if (!fitsStatusLine(byte, i)) return refused(400, 'its first line is not one of HTTP/1.1')
  }
  let i = STATUS_LINE_BYTES
  if (bytes[i] === SPACE) i += 1
  const stop = Math.min(bytes.length, HTTP_LIMITS.responseHeadBytes)
  while (i < stop && i > STATUS_LINE_BYTES && FIELD_VALUE[bytes[i] ?? 0] === 1) i += 1
  if (i >= HTTP_LIMITS.responseHeadBytes) return refused(431, 'its head is too large')
  if (i >= stop) return INCOMPLETE
  if (bytes[i] !== CR) return refused(400, 'its first line does not end in CRLF')
  if (i + 1 >= bytes.length) return INCOMPLETE
  if (bytes[i + 1] !== LF) return refused(400, 'it has a carriage return on its own')
  return {
    kind: 'line',
    status: digit(bytes[9]) * 100 + digit(bytes[10]) * 10 + digit(bytes[11]),
    minor: bytes[MINOR] === ZERO ? 0 : 1,
    end: i + 2,
  }
}

const digit = (byte: number | undefined): number => (byte ?? ZERO) - ZERO

function fitsStatusLine(byte: number, index: number): boolean {
  if (index < MINOR) return byte === VERSION[index]
  if (index === MINOR) return byte === ZERO || byte === ZERO + 1
  if (index === MINOR + 1) return byte === SPACE
  return byte <= ZERO + 9 && byte >= (index === MINOR + 2 ? ZERO + 1 : ZERO)
}

interface Deciding {
  length: number | undefined
  codings: string | undefined
  connection: string | undefined
  upgrade: string | undefined
  keepAliveS: number | undefined
  hasDate: boolean
}

function readDeciding(bytes: Buffer, fields: Fields): Deciding | Refused {
  const found: Deciding = {
    length: undefined,
    codings: undefined,
    connection: undefined,
    upgrade: undefined,
    keepAliveS: undefined,
    hasDate: false,
  }
  for (let i = 0; i < fields.kinds.length; i += 1) {
    const kind = fields.kinds[i]
    if (kind === DATE) {
      found.hasDate = true
    } else if (kind === CONTENT_LENGTH) {
      if (found.length !== undefined) return refused(400, 'it has more than one Content-Length')
      found.length = contentLength(fieldValue(bytes, fields, i))
      if (found.length === undefined) return refused(400, 'its Content-Length is not a length')
    } else if (kind === TRANSFER_ENCODING) {
      if (found.codings !== undefined) return refused(400, 'it has two Transfer-Encodings')
      found.codings = fieldValue(bytes, fields, i)
    } else if (kind === CONNECTION) {
      const value = fieldValue(bytes, fields, i)
      found.connection = found.connection === undefined ? value : `${found.connection},${value}`
    } else if (kind === UPGRADE) {
      found.upgrade = fieldValue(bytes, fields, i)
    } else if (kind === KEEP_ALIVE) {
      const seconds = /timeout=(\d{1,6})/i.exec(fieldValue(bytes, fields, i))?.[1]
      if (seconds !== undefined) found.keepAliveS = Number(seconds)
    }
  }
  return found
}

/** RFC 9112 §6.3. Two contradicting ends are refused, even where an order between them is defined. */
function responseFraming(
  { length, codings }: Deciding,
  { status, minor }: StatusLine,
  method: string,
): Framing | Refused {
  if (length !== undefined && codings !== undefined) {
    return refused(400, 'it has Content-Length and Transfer-Encoding')
  }
  if (codings !== undefined) {
    if (minor === 0) return refused(400, 'it has a Transfer-Encoding in HTTP/1.0')
    if (!isChunked(codings)) return refused(400, 'its Transfer-Encoding is not "chunked"')
  }
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_CONTENT
  if (codings !== undefined) return CHUNKED
  return length === undefined ? UNTIL_CLOSE : { kind: 'length', bytes: length }
}
