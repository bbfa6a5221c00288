/** What a head or a body may not exceed. Beyond these the message is refused, whoever sent it. */
export const HTTP_LIMITS = {
  /** 16 KiB hold every head of a browser with a full jar of cookies for one host. */
  requestHeadBytes: 16 * 1024,
  /** Apps answer with more: several large Set-Cookie fields, long policies. */
  responseHeadBytes: 64 * 1024,
  requestLineBytes: 8 * 1024,
  fields: 100,
  methodBytes: 32,
  /** 13 hexadecimal digits stay below 2^53, so the size of a chunk is an exact number. */
  chunkSizeDigits: 13,
  chunkExtensionBytes: 256,
  chunkExtensionsBytes: 16 * 1024,
  trailerBytes: 16 * 1024,
} as const

/** The bytes so far may still become a message. */
export interface Incomplete {
  readonly kind: 'incomplete'
}

/** No further byte can make a message of these. `reason` is one clause for people. */
export interface Refused {
  readonly kind: 'refused'
  readonly status: RefusalStatus
  readonly reason: string
}

type RefusalStatus = 400 | 405 | 414 | 417 | 431 | 501 | 505

export const INCOMPLETE: Incomplete = { kind: 'incomplete' }

export function refused(status: RefusalStatus, reason: string): Refused {
  return { kind: 'refused', status, reason }
}

/** Where the content of a message ends (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

export const NO_CONTENT: Framing = { kind: 'none' }
export const CHUNKED: Framing = { kind: 'chunked' }
export const UNTIL_CLOSE: Framing = { kind: 'until-close' }
