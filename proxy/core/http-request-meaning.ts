import type { Buffer } from 'node:buffer'
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  HOST_FIELD,
  TRANSFER_ENCODING,
  UPGRADE,
} from './http-field-kind.ts'
import { fieldValue } from './http-fields.ts'
import type { Fields } from './http-fields.ts'
import { readAuthority } from './http-host.ts'
import { contentLength, hopFields, isChunked } from './http-meaning.ts'
import { CHUNKED, NO_CONTENT, refused } from './http-parse.ts'
import type { Framing, Refused } from './http-parse.ts'
import type { RequestLine, RequestMeaning } from './http-request.ts'

/** The fields that decide something, as written; undefined where the request has none. */
interface Deciding {
  host: string | undefined
  length: number | undefined
  codings: string | undefined
  connection: string | undefined
  expect: string | undefined
  upgrade: string | undefined
}

/** What the lines of a request mean together, or why they cannot be trusted. */
export function readRequestMeaning(
  bytes: Buffer,
  line: RequestLine,
  fields: Fields,
): RequestMeaning | Refused {
  const deciding = readDeciding(bytes, fields)
  if ('kind' in deciding) return deciding

  const framing = requestFraming(deciding, line.minor)
  if ('status' in framing) return framing

  const destination = readDestination(bytes, line, deciding.host)
  if ('kind' in destination) return destination

  const { expect } = deciding
  // A server must not answer 100 to HTTP/1.0, and so ignores the field (RFC 9110 §10.1.1).
  const expects = expect !== undefined && line.minor === 1
  if (expects && expect.toLowerCase() !== '100-continue') {
    return refused(417, 'it expects something that is not offered')
  }
  const hop = deciding.connection === undefined ? [] : hopFields(deciding.connection)
  if (hop === undefined) return refused(400, 'its Connection has too many names')
  return {
    kind: 'meaning',
    // One by one: a spread is slow, and this is done for every request.
    host: destination.host,
    authority: destination.authority,
    target: destination.target,
    framing,
    persistent: line.minor === 1 ? !hop.includes('close') : hop.includes('keep-alive'),
    expectsContinue: expects && framing !== NO_CONTENT,
    upgrade: isHandshake(line, deciding, hop),
    hopFields: hop,
  }
}

function readDeciding(bytes: Buffer, fields: Fields): Deciding | Refused {
  const found: Deciding = {
    host: undefined,
    length: undefined,
    codings: undefined,
    connection: undefined,
    expect: undefined,
    upgrade: undefined,
  }
  for (let i = 0; i < fields.kinds.length; i += 1) {
    const kind = fields.kinds[i]
    if (kind === HOST_FIELD) {
      if (found.host !== undefined) return refused(400, 'it has more than one Host')
      found.host = fieldValue(bytes, fields, i)
    } else if (kind === CONTENT_LENGTH) {
      if (found.length !== undefined) return refused(400, 'it has more than one Content-Length')
      found.length = contentLength(fieldValue(bytes, fields, i))
      if (found.length === undefined) return refused(400, 'its Content-Length is not a length')
    } else if (kind === TRANSFER_ENCODING) {
      if (found.codings !== undefined) return refused(400, 'it has two Transfer-Encodings')
      found.codings = fieldValue(bytes, fields, i)
    } else if (kind === CONNECTION) {
      found.connection = joined(found.connection, fieldValue(bytes, fields, i))
    } else if (kind === EXPECT) {
      found.expect = joined(found.expect, fieldValue(bytes, fields, i))
    } else if (kind === UPGRADE) {
      found.upgrade = joined(found.upgrade, fieldValue(bytes, fields, i))
    }
  }
  return found
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`
}

/** A coding of its own kind that we could only pass on blindly, and so do not accept. */
const KNOWN_CODING = /^(?:x-)?(?:gzip|compress|deflate)(?:[ \t]*,[ \t]*chunked)?$/i

/**
 * RFC 9112 §6.1 and §6.3, at its strictest: two ways of telling where the content ends are one too
 * many, since the member may believe the other one.
 */
function requestFraming(deciding: Deciding, minor: 0 | 1): Framing | Refused {
  const { length, codings } = deciding
  if (codings === undefined) {
    return length === undefined ? NO_CONTENT : { kind: 'length', bytes: length }
  }
  if (length !== undefined) return refused(400, 'it has Content-Length and Transfer-Encoding')
  if (minor === 0) return refused(400, 'it has a Transfer-Encoding in HTTP/1.0')
  if (isChunked(codings)) return CHUNKED
  return KNOWN_CODING.test(codings)
    ? refused(501, 'its Transfer-Encoding is not offered')
    : refused(400, 'its Transfer-Encoding is not exactly "chunked"')
}

interface Destination {
  readonly host: string
  readonly authority: string
  readonly target: string | null
}

const SLASH = 0x2f
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i

function readDestination(
  bytes: Buffer,
  line: RequestLine,
  host: string | undefined,
): Destination | Refused {
  if (line.method === 'CONNECT') return refused(405, 'CONNECT is not offered')
  const named = host === undefined ? undefined : readAuthority(host)
  if (host !== undefined && named === undefined) return refused(400, 'its Host is not one host')
  if (host === undefined && line.minor === 1) return refused(400, 'it has no Host')

  if (bytes[line.targetStart] === SLASH) {
    return { host: named?.name ?? '', authority: host ?? '', target: null }
  }
  const target = bytes.toString('latin1', line.targetStart, line.targetEnd)
  if (target === '*' && line.method === 'OPTIONS') {
    return { host: named?.name ?? '', authority: host ?? '', target: null }
  }

  // Absolute form (RFC 9112 §3.2.2): the target names the host, and Host must not name another.
  const [, authority = '', rest = ''] = ABSOLUTE.exec(target) ?? []
  const meant = readAuthority(authority)
  if (meant === undefined) return refused(400, 'its target is neither a path nor a URL')
  if (named !== undefined && (named.name !== meant.name || named.port !== meant.port)) {
    return refused(400, 'its target and its Host name different hosts')
  }
  return { host: meant.name, authority, target: originForm(rest, line.method) }
}

function originForm(rest: string, method: string): string {
  if (rest.startsWith('/')) return rest
  // A URL without a path stands for the server as a whole (RFC 9112 §3.2.4).
  return rest === '' && method === 'OPTIONS' ? '*' : `/${rest}`
}

function isHandshake(line: RequestLine, deciding: Deciding, hop: readonly string[]): boolean {
  return (
    deciding.upgrade !== undefined &&
    line.method === 'GET' &&
    line.minor === 1 &&
    deciding.length === undefined &&
    deciding.codings === undefined &&
    deciding.upgrade.toLowerCase() === 'websocket' &&
    hop.includes('upgrade')
  )
}
