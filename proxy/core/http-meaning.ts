import { HTTP_LIMITS } from './http-parse.ts'

/** What field values mean that requests and responses share. */

/**
 * The value of a Content-Length, or undefined for anything but digits without a leading zero. Lists
 * of equal lengths and padded numbers have an allowed reading, but not one that all programs share.
 */
export function contentLength(value: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : undefined
}

export function isChunked(codings: string): boolean {
  return codings.length === 7 && codings.toLowerCase() === 'chunked'
}

/**
 * The names in a Connection field, lower case (RFC 9110 §7.6.1). Undefined: there are more of them than a
 * message may have fields, and to look each field up among them would take too long.
 */
export function hopFields(connection: string): readonly string[] | undefined {
  if (connection === 'keep-alive' || connection === 'close') return [connection]
  const names = connection.toLowerCase().split(',', HTTP_LIMITS.fields + 1)
  if (names.length > HTTP_LIMITS.fields) return undefined
  return names.map((name) => trimmed(name, ' \t')).filter((name) => name !== '')
}

/** `text` without the `unwanted` characters at its ends. An expression for the end is quadratic, a loop is not. */
export function trimmed(text: string, unwanted: string): string {
  let start = 0
  let end = text.length
  while (start < end && unwanted.includes(text.charAt(start))) start += 1
  while (end > start && unwanted.includes(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}
