import { encodeQuestion } from './dns-message.ts'
import { askedName, QUESTION_TAIL_BYTES, type Query } from './dns-query.ts'
import { FLAG, HEADER_BYTES, RCODE } from './dns-wire.ts'

export interface Forwarded {
  readonly packet: Buffer
  readonly query: Query
  readonly client: string
  /** Questions are merged only inside a view, so that no tenant learns what another one asks. */
  readonly view: string
}

/** Everything that makes two questions different to a resolver: the question itself, and how it is asked. */
export function meaning({ packet, query }: Forwarded): string {
  const { edns, questionEnd } = query
  const flags = packet.readUInt16BE(2)
  let kind = (flags & FLAG.RD) === 0 ? 0 : 1
  if ((flags & FLAG.CD) !== 0) kind |= 2
  if (edns !== null) kind |= edns.secure ? 12 : 4
  const nameEnd = questionEnd - QUESTION_TAIL_BYTES
  if (!hasUpperCase(packet, HEADER_BYTES, nameEnd)) {
    return KINDS[kind] + packet.toString('latin1', HEADER_BYTES, questionEnd)
  }
  return KINDS[kind] + askedName(packet, query) + packet.toString('latin1', nameEnd, questionEnd)
}

const KINDS = Array.from({ length: 16 }, (_, kind) => String.fromCharCode(kind))

function hasUpperCase(packet: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = packet[at] ?? 0
    if (byte >= 0x41 && byte <= 0x5a) return true
  }
  return false
}

/** The question as we ask it ourselves: in lower case, with our own id and our own OPT. */
export function questionOf({ packet, query }: Forwarded, id: number): Buffer {
  const flags = packet.readUInt16BE(2)
  return encodeQuestion({
    id,
    key: askedName(packet, query),
    type: query.type,
    recursion: (flags & FLAG.RD) !== 0,
    checkingDisabled: (flags & FLAG.CD) !== 0,
    edns: query.edns,
  })
}

/** Answers that say more about the resolver than about the name; another one may do better. */
export function isFailure(answer: Buffer): boolean {
  const rcode = answer.readUInt16BE(2) & 0xf
  return rcode === RCODE.SERVFAIL || rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP
}
