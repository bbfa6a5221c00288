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

/** The names in a Connection field, lower case (RFC 9110 §7.6.1). */
export function hopFields(connection: string): readonly string[] {
  if (connection === 'keep-alive' || connection === 'close') return [connection]
  return connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
