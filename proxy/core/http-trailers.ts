import { FIELD_VALUE, REQUEST_NAME } from './http-chars.ts'

/** Fields after the content (RFC 9110 §6.5), by name in lower case; without a prototype, since others name them. */
export type Trailers = Readonly<Record<string, string | string[]>>

/** What says how a message is framed, routed, authorized or read has no place behind it (RFC 9110 §6.5.1). */
const FORBIDDEN = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'keep-alive',
  'location',
  'max-forwards',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'via',
  'www-authenticate',
])
const FORBIDDEN_PREFIX = /^(?:proxy-|x-cloudlet-|x-forwarded-|if-)/

/** Those that may pass, of names and values in turn. */
export function passedTrailers(raw: readonly string[]): Trailers {
  const passed: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const value = raw[i + 1] ?? ''
    const isFit = every(name, REQUEST_NAME) && (value === '' || every(value, FIELD_VALUE))
    if (isFit && !FORBIDDEN.has(name) && !FORBIDDEN_PREFIX.test(name)) add(passed, name, value)
  }
  return passed
}

/** One more value of that name. */
export function add(to: Record<string, string | string[]>, name: string, value: string): void {
  const before = to[name]
  if (before === undefined) to[name] = value
  else to[name] = [...(Array.isArray(before) ? before : [before]), value]
}

function every(text: string, allowed: Uint8Array): boolean {
  for (let i = 0; i < text.length; i += 1) if (allowed[text.charCodeAt(i)] !== 1) return false
  return text !== ''
}
