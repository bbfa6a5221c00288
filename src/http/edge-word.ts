import { timingSafeEqual } from 'node:crypto'

/** As `EDGE_FIELD` of the ingress; names of fields come in lower case here. */
const FIELD = 'x-cloudlet-edge'
/** Addresses as the ingress writes them, of IPv6 with a zone where there is one. */
const WORD = /^([\w-]{20,}) ([0-9a-fA-F.:]{2,45}(?:%[\w.-]{1,32})?)$/

interface Asked {
  readonly field: (name: string) => string | undefined
  /** The peer of the connection. */
  readonly peer: string
}

/**
 * Where a request comes from. Whoever knows one of the marks is the ingress, and says it; nothing else that a
 * request says about itself counts, so of everybody else it is the peer of the connection.
 */
export function sourceOf({ field, peer }: Asked, marks: readonly string[]): string {
  const [, mark = '', address = ''] = WORD.exec(field(FIELD) ?? '') ?? []
  return marks.some((known) => isSame(known, mark)) ? address : peer
}

function isSame(known: string, given: string): boolean {
  const [one, other] = [Buffer.from(known), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}
