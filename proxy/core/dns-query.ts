import { CLASS_IN, FLAG, FLAG_DO, HEADER_BYTES, RCODE, TYPE } from './dns-wire.ts'
import { LABEL_BYTES_MAX, lowerAscii, NAME_BYTES_MAX, nameAt, type NameKey } from './dns-name.ts'

/** What a client says about itself in its OPT record (RFC 6891 §6.1.2). */
export interface Edns {
  readonly payloadBytes: number
  /** DNSSEC records wanted; echoed in the answer (RFC 3225 §3). */
  readonly secure: boolean
}

/** A question that can be answered. Id, flags and the name stay in the packet. */
export interface Query {
  readonly kind: 'query'
  readonly type: number
  /** Where the question ends in the packet. */
  readonly questionEnd: number
  readonly edns: Edns | null
}

/** A packet whose whole answer is a response code; the question is echoed up to `questionEnd`. */
interface Refusal {
  readonly kind: 'refusal'
  readonly rcode: number
  readonly questionEnd: number
  readonly edns: Edns | null
}

/** The whole of a zone is asked for: somebody may get it over TCP, and all others are refused. */
interface TransferQuery {
  readonly kind: 'transfer'
  readonly type: number
  readonly questionEnd: number
  readonly edns: Edns | null
}

/** `drop`: whatever is sent back would be wrong or would feed a loop. */
export type ParsedQuery = Query | Refusal | TransferQuery | { readonly kind: 'drop' }

const DROP: ParsedQuery = { kind: 'drop' }

/** More records than any client sends behind its question: OPT and a signature. */
const ADDITIONALS_MAX = 4

/** Types between these ask for something else than records of a name (RFC 6895 §3.1). */
const META_FIRST = 128
const META_LAST = 254

/** Takes a packet apart as strictly as a server may, and never throws. */
export function parseQuery(packet: Buffer): ParsedQuery {
  if (packet.length < HEADER_BYTES) return DROP
  const flags = packet.readUInt16BE(2)
  // An answer sent to a server is a mistake or a loop between two of them.
  if ((flags & FLAG.QR) !== 0) return DROP
  if ((flags & FLAG.OPCODE) !== 0) return refusal(RCODE.NOTIMP)
  // RFC 9619 §4: a query has exactly one question. Nothing of ours sends records with it either.
  if (packet.readUInt16BE(4) !== 1 || packet.readUInt16BE(6) !== 0) return refusal(RCODE.FORMERR)

  const nameEnd = questionNameEnd(packet)
  if (nameEnd < 0 || nameEnd + 4 > packet.length) return refusal(RCODE.FORMERR)
  const questionEnd = nameEnd + 4
  const type = packet.readUInt16BE(nameEnd)
  const start = authorityEnd(packet, { questionEnd, type })
  const edns = start < 0 ? 'malformed' : additionals(packet, start)
  if (edns === 'malformed') return refusal(RCODE.FORMERR)
  if (edns === 'version') return refusal(RCODE.BADVERS, questionEnd, NEWER)
  if (type === 0 || type === TYPE.OPT || type === TYPE.TSIG) {
    return refusal(RCODE.FORMERR, questionEnd, edns)
  }
  const isIn = packet.readUInt16BE(nameEnd + 2) === CLASS_IN
  if (isIn && (type === TYPE.AXFR || type === TYPE.IXFR)) {
    return { kind: 'transfer', type, questionEnd, edns }
  }
  if (!isIn || (type >= META_FIRST && type <= META_LAST)) {
    return refusal(RCODE.REFUSED, questionEnd, edns)
  }
  return { kind: 'query', type, questionEnd, edns }
}

/** The name that a question asks for. */
export function askedName(packet: Buffer, { questionEnd }: Pick<Query, 'questionEnd'>): NameKey {
  return lowerAscii(packet.toString('latin1', HEADER_BYTES, questionEnd - QUESTION_TAIL_BYTES))
}

/** Type and class, behind the name. */
export const QUESTION_TAIL_BYTES = 4

/** The OPT of an answer to a version that we do not speak tells the one that we do. */
const NEWER: Edns = { payloadBytes: 0, secure: false }

function refusal(
  rcode: number,
  questionEnd: number = HEADER_BYTES,
  edns: Edns | null = null,
): Refusal {
  return { kind: 'refusal', rcode, questionEnd, edns }
}

/** A question's name has nothing in front of it to point to, so a pointer is malformed there. */
function questionNameEnd(packet: Buffer): number {
  let at = HEADER_BYTES
  for (;;) {
    const length = packet[at]
    if (length === undefined || length > LABEL_BYTES_MAX) return -1
    at += 1 + length
    if (at - HEADER_BYTES > NAME_BYTES_MAX) return -1
    if (length === 0) return at
  }
}

/** A transfer of changes brings the serial that the client has (RFC 1995 §3); nothing else brings anything. */
function authorityEnd(
  packet: Buffer,
  { questionEnd, type }: { readonly questionEnd: number; readonly type: number },
): number {
  const count = packet.readUInt16BE(8)
  if (count === 0) return questionEnd
  if (count > 1 || type !== TYPE.IXFR) return -1
  const end = nameAt(packet, questionEnd)?.end ?? packet.length
  if (end + 10 > packet.length) return -1
  const dataEnd = end + 10 + packet.readUInt16BE(end + 8)
  return dataEnd > packet.length ? -1 : dataEnd
}

function additionals(packet: Buffer, start: number): Edns | null | 'malformed' | 'version' {
  const count = packet.readUInt16BE(10)
  if (count > ADDITIONALS_MAX) return 'malformed'
  let at = start
  let edns: Edns | null = null
  let version = 0
  for (let i = 0; i < count; i++) {
    const isRoot = packet[at] === 0
    const end = isRoot ? at + 1 : (nameAt(packet, at)?.end ?? packet.length)
    if (end + 10 > packet.length) return 'malformed'
    const dataEnd = end + 10 + packet.readUInt16BE(end + 8)
    if (dataEnd > packet.length) return 'malformed'
    if (packet.readUInt16BE(end) === TYPE.OPT) {
      if (edns !== null || !isRoot || !areOptions(packet, end + 10, dataEnd)) return 'malformed'
      version = packet.readUInt8(end + 5)
      const secure = (packet.readUInt16BE(end + 6) & FLAG_DO) !== 0
      edns = { payloadBytes: packet.readUInt16BE(end + 2), secure }
    }
    at = dataEnd
  }
  if (at !== packet.length) return 'malformed'
  return version > 0 ? 'version' : edns
}

/** Options are unknown to us and ignored, but each must end where the next begins. */
function areOptions(packet: Buffer, start: number, end: number): boolean {
  let at = start
  while (at + 4 <= end) at += 4 + packet.readUInt16BE(at + 2)
  return at === end
}
