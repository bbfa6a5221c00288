import type { Buffer } from 'node:buffer'

/** The fields that a proxy has to know. Everything else is `OTHER` and passes untouched. */
export const OTHER = 0
export const HOST_FIELD = 1
export const CONTENT_LENGTH = 2
export const TRANSFER_ENCODING = 3
export const CONNECTION = 4
export const EXPECT = 5
export const UPGRADE = 6
export const KEEP_ALIVE = 7
/** Meant for the next hop alone: TE, Trailer, Proxy-*, HTTP2-Settings (RFC 9110 §7.6.1). */
export const HOP = 8
/** Says who asked: only we may say it to a member. Also `Proxy`, which CGI reads as HTTP_PROXY. */
export const FORWARDED = 9
export const DATE = 10
export const VIA = 11
/** Our own, in both directions: an app cannot speak for the platform. */
export const INTERNAL = 12
export const ACCEPT = 13
/** Named by Connection or not, these stay: whoever strips them changes what the request means. */
export const PROTECTED = 14

/** Of an answer: whom else a cookie is sent to is looked at. */
export const SET_COOKIE = 15

export type FieldKind = number

const NAMES: Readonly<Record<string, FieldKind>> = {
  host: HOST_FIELD,
  'content-length': CONTENT_LENGTH,
  'transfer-encoding': TRANSFER_ENCODING,
  connection: CONNECTION,
  expect: EXPECT,
  upgrade: UPGRADE,
  'keep-alive': KEEP_ALIVE,
  te: HOP,
  trailer: HOP,
  'http2-settings': HOP,
  proxy: FORWARDED,
  forwarded: FORWARDED,
  'x-real-ip': FORWARDED,
  'x-request-id': FORWARDED,
  date: DATE,
  via: VIA,
  accept: ACCEPT,
  /** A client's own word to the API: by it a page shows that it may use a session. */
  'x-cloudlet-client': OTHER,
  authorization: PROTECTED,
  cookie: PROTECTED,
  'set-cookie': SET_COOKIE,
}

const PREFIXES: readonly (readonly [string, FieldKind])[] = [
  ['x-forwarded-', FORWARDED],
  ['x-cloudlet-', INTERNAL],
  ['proxy-', HOP],
]

const LETTER_P = 0x70
const LETTER_X = 0x78

/** Candidates by length, since nearly every name is told apart by that alone. */
const BY_LENGTH: readonly (readonly [string, FieldKind][])[] = Array.from({ length: 32 }, (_, n) =>
  Object.entries(NAMES).filter(([name]) => name.length === n),
)

/** What the name at `start`…`end` means to a proxy, in whatever case it is written. */
export function fieldKind(bytes: Buffer, start: number, end: number): FieldKind {
  const candidates = BY_LENGTH[end - start]
  if (candidates !== undefined) {
    for (const [name, kind] of candidates) if (startsWith(bytes, start, name)) return kind
  }
  const first = (bytes[start] ?? 0) | 0x20
  if (first !== LETTER_X && first !== LETTER_P) return OTHER
  for (const [prefix, kind] of PREFIXES) {
    if (end - start >= prefix.length && startsWith(bytes, start, prefix)) return kind
  }
  return OTHER
}

/** `lower` holds lower-case letters and hyphens; in bytes of a token |0x20 makes no other byte one. */
function startsWith(bytes: Buffer, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i += 1) {
    if (((bytes[start + i] ?? 0) | 0x20) !== lower.charCodeAt(i)) return false
  }
  return true
}
