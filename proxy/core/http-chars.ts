/**
 * Which bytes may stand where, as tables of 256: one look-up a byte, and whoever reads past the end
 * looks up 0, which is allowed nowhere.
 */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const VISIBLE = range(0x21, 0x7e)

/** Methods and names of fields (RFC 9110 §5.6.2). */
export const TOKEN = table(`${LETTERS}${DIGITS}!#$%&'*+-.^_\`|~`)

/**
 * Names of fields in a request: tokens without the underscore. Programs behind CGI-like interfaces
 * read `X_Forwarded_For` and `X-Forwarded-For` as one name, so the first would slip past us.
 */
export const REQUEST_NAME = table(`${LETTERS}${DIGITS}!#$%&'*+-.^\`|~`)

/** Values of fields, with the white space inside them (RFC 9110 §5.5). */
export const FIELD_VALUE = table(`\t ${VISIBLE}${range(0x80, 0xff)}`)

/** A request target: visible ASCII, and no fragment (RFC 9112 §3.2). */
export const TARGET = table(VISIBLE.replace('#', ''))

/** Extensions of chunks; narrower than the grammar of values, since nothing real uses them. */
export const CHUNK_EXTENSION = table(`\t ${VISIBLE}`)

/** A registered name (RFC 3986 §3.2.2). No comma: two hosts in one field are not one host. */
export const HOST = table(`${LETTERS}${DIGITS}-._~%!$&'()*+;=`)

export const CR = 0x0d
export const LF = 0x0a
export const SPACE = 0x20
export const TAB = 0x09
export const COLON = 0x3a

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function table(allowed: string): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let i = 0; i < allowed.length; i += 1) bytes[allowed.charCodeAt(i)] = 1
  return bytes
}

function range(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, i) => first + i))
}
