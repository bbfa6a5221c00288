import { QUESTION_TAIL_BYTES, type Edns } from './dns-query.ts'
import { nameBytes, type NameKey } from './dns-name.ts'
import {
  CLASS_IN,
  FLAG,
  FLAG_DO,
  HEADER_BYTES,
  OPT_BYTES,
  POINTER,
  POINTER_TO_QUESTION,
  RCODE,
  REASON,
  TYPE,
  UDP_EDNS_BYTES,
  UDP_PLAIN_BYTES,
} from './dns-wire.ts'

/**
 * An answer made once, when the zone changes, and sent many times. Its records are encoded but for
 * what depends on the question. The only compression is a pointer into the question's name.
 */
export interface Answer {
  readonly rcode: number
  /** One of `REASON`, for clients with EDNS. */
  readonly reason: number
  readonly authoritative: boolean
  readonly answers: number
  readonly authorities: number
  /** Where the records are. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /**
   * Length of the name that owns the first record when that is an end of the question's name, such
   * as the zone of a name that does not exist. 0: the question's own name.
   */
  readonly ownerBytes: number
  /**
   * Records all of one length may be rotated, so that clients who take the first one spread. 0: not. Which
   * of them comes first next time is in the two bytes before them, the one thing in here that changes.
   */
  readonly strideBytes: number
  /** What else the asker will want: it goes with the answer where there is room. Null: nothing. */
  readonly extra: Extra | null
}

/** Addresses of a name that the question's name ends with (RFC 2782, "Usage rules"). */
interface Extra {
  readonly answer: Answer
  readonly ownerBytes: number
}

export interface ReplyTo {
  readonly packet: Buffer
  readonly questionEnd: number
  readonly edns: Edns | null
  /** What the way back carries: a datagram's limit, or that of a message over TCP. */
  readonly limitBytes: number
  /** Whether this client's other questions are forwarded (RFC 1035 §4.1.1, RA). */
  readonly recursion: boolean
}

/** RFC 6891 §6.2.5: less than 512 is taken for 512. More than 1232 may not survive the way (RFC 9715). */
export function payloadLimit(edns: Edns | null): number {
  if (edns === null) return UDP_PLAIN_BYTES
  return Math.min(Math.max(edns.payloadBytes, UDP_PLAIN_BYTES), UDP_EDNS_BYTES)
}

/** Puts an answer behind the client's own question bytes, so that its letters' case comes back. */
export function writeReply(to: ReplyTo, answer: Answer): Buffer {
  const { packet, questionEnd, edns } = to
  const recordBytes = answer.end - answer.start
  const optBytes = edns === null ? 0 : OPT_BYTES + reasonBytes(answer)
  const fits = questionEnd + recordBytes + optBytes <= to.limitBytes
  const whole = questionEnd + optBytes + (fits ? recordBytes : 0)
  const extra = fits ? extraWithin(to.limitBytes - whole, answer) : null
  const size = extra === null ? whole : whole + extra.answer.end - extra.answer.start
  const reply = Buffer.allocUnsafe(size)
  copied({ bytes: packet, start: 0, end: questionEnd }, reply, 0)

  const asked = packet.readUInt16BE(2)
  let flags = FLAG.QR | (asked & (FLAG.OPCODE | FLAG.RD | FLAG.CD)) | (answer.rcode & 0xf)
  if (answer.authoritative) flags |= FLAG.AA
  if (to.recursion) flags |= FLAG.RA
  // An RRset is sent whole or not at all, and each of ours is one (RFC 2181 §9).
  if (!fits) flags |= FLAG.TC
  reply.writeUInt16BE(flags, 2)
  reply.writeUInt16BE(questionEnd > HEADER_BYTES ? 1 : 0, 4)
  reply.writeUInt16BE(fits ? answer.answers : 0, 6)
  reply.writeUInt16BE(fits ? answer.authorities : 0, 8)
  reply.writeUInt16BE((edns === null ? 0 : 1) + (extra?.answer.answers ?? 0), 10)
  if (fits) copyRecords(reply, questionEnd, answer)
  if (extra !== null) copyExtra(reply, { at: questionEnd + recordBytes, questionEnd }, extra)
  if (edns !== null) writeOpt(reply, size - optBytes, { answer, edns })
  return reply
}

/** Additional records are left out without a word where there is no room for all (RFC 2181 §9). */
function extraWithin(roomBytes: number, { extra }: Answer): Extra | null {
  return extra !== null && extra.answer.end - extra.answer.start <= roomBytes ? extra : null
}

/** Their owner is an end of the question's name. */
function copyExtra(
  reply: Buffer,
  { at, questionEnd }: { readonly at: number; readonly questionEnd: number },
  { answer, ownerBytes }: Extra,
): void {
  copyRecords(reply, at, answer)
  const owner = POINTER | (questionEnd - QUESTION_TAIL_BYTES - ownerBytes)
  const end = at + answer.end - answer.start
  for (let next = at; next < end;) {
    reply.writeUInt16BE(owner, next)
    next += RECORD_HEAD_BYTES + reply.readUInt16BE(next + RECORD_HEAD_BYTES - 2)
  }
}

function copyRecords(reply: Buffer, at: number, answer: Answer): void {
  const { bytes, start, end, strideBytes, ownerBytes } = answer
  if (strideBytes > 0) {
    const turn = bytes.readUInt16BE(start - TURN_BYTES)
    const first = start + turn * strideBytes
    copied({ bytes, start: first, end }, reply, at)
    copied({ bytes, start, end: first }, reply, at + end - first)
    bytes.writeUInt16BE(first + strideBytes >= end ? 0 : turn + 1, start - TURN_BYTES)
    return
  }
  copied(answer, reply, at)
  // The question's name ends its type and class before `at`; the owner is its last `ownerBytes`.
  if (ownerBytes > 0) reply.writeUInt16BE(POINTER | (at - QUESTION_TAIL_BYTES - ownerBytes), at)
}

const FEW_BYTES = 64

/** For a few bytes a loop is quicker than to call what is quick for many. */
function copied(part: Part, to: Buffer, at: number): void {
  const { bytes, start, end } = part
  if (end - start > FEW_BYTES) bytes.copy(to, at, start, end)
  else for (let i = start; i < end; i++) to[at + i - start] = bytes[i] ?? 0
}

type Part = Pick<Answer, 'bytes' | 'start' | 'end'>

/** An option of its own: code, length, and the code that says why. */
const REASON_BYTES = 6
const REASON_OPTION = 15
const reasonBytes = ({ reason }: Answer): number => (reason === REASON.NONE ? 0 : REASON_BYTES)

function writeOpt(reply: Buffer, at: number, say: { answer: Answer; edns: Edns }): void {
  const { answer, edns } = say
  reply[at] = 0
  reply.writeUInt16BE(TYPE.OPT, at + 1)
  reply.writeUInt16BE(UDP_EDNS_BYTES, at + 3)
  reply[at + 5] = answer.rcode >> 4
  reply[at + 6] = 0
  reply.writeUInt16BE(edns.secure ? FLAG_DO : 0, at + 7)
  reply.writeUInt16BE(reasonBytes(answer), at + 9)
  if (answer.reason === REASON.NONE) return
  reply.writeUInt16BE(REASON_OPTION, at + OPT_BYTES)
  reply.writeUInt16BE(2, at + OPT_BYTES + 2)
  reply.writeUInt16BE(answer.reason, at + OPT_BYTES + 4)
}

/** An answer without any record. */
export function bareAnswer(rcode: number, reason: number = REASON.NONE): Answer {
  return { ...EMPTY, rcode, reason }
}

/** One RRset in the answer section: equal type and TTL, no record twice (RFC 2181 §5). */
export function recordsAnswer(type: number, ttlSeconds: number, data: readonly Buffer[]): Answer {
  const [first] = data
  const even = data.length > 1 && data.every(({ length }) => length === first?.length)
  return {
    ...EMPTY,
    authoritative: true,
    answers: data.length,
    ...encoded(type, ttlSeconds, data),
    strideBytes: even && first ? RECORD_HEAD_BYTES + first.length : 0,
  }
}

/** A refusal to say more than that there is nothing, for how long, and who says so (RFC 2308 §2). */
export function denial(rcode: number, apex: NameKey, soa: Soa): Answer {
  return {
    ...EMPTY,
    rcode,
    authoritative: true,
    authorities: 1,
    // RFC 2308 §3: the TTL of the SOA is the lesser of its own and MINIMUM; here they are equal.
    ...encoded(TYPE.SOA, soa.ttlSeconds, [soaData(apex, soa)]),
    ownerBytes: apex.length,
  }
}

export interface Soa {
  readonly serial: number
  readonly ttlSeconds: number
  /** How often those look who hold a copy; absent: nobody does. */
  readonly refreshSeconds?: number
}

/** Of the form that RFC 6303 §3 gives to locally served zones: the apex is its own server. */
export function soaData(apex: NameKey, { serial, ttlSeconds, refreshSeconds }: Soa): Buffer {
  const numbers = Buffer.alloc(20)
  const times = refreshSeconds ? [refreshSeconds, refreshSeconds, 86_400] : [3600, 1200, 604_800]
  const values = [serial, ...times, ttlSeconds]
  for (const [i, value] of values.entries()) numbers.writeUInt32BE(value, i * 4)
  return Buffer.concat([nameBytes(apex), nameBytes('\x06nobody\x07invalid\0'), numbers])
}

const EMPTY = {
  rcode: RCODE.NOERROR as number,
  reason: REASON.NONE as number,
  authoritative: false,
  answers: 0,
  authorities: 0,
  ownerBytes: 0,
  strideBytes: 0,
  extra: null,
  bytes: Buffer.alloc(0),
  start: 0,
  end: 0,
}

/** A pointer for the owner, then type, class, TTL and length. */
const RECORD_HEAD_BYTES = 12

const TURN_BYTES = 2

function encoded(type: number, ttlSeconds: number, data: readonly Buffer[]): Part {
  const records = Buffer.allocUnsafe(
    data.reduce((bytes, { length }) => bytes + RECORD_HEAD_BYTES + length, TURN_BYTES),
  )
  records.writeUInt16BE(0, 0)
  let at = TURN_BYTES
  for (const rdata of data) {
    records.writeUInt16BE(POINTER_TO_QUESTION, at)
    records.writeUInt16BE(type, at + 2)
    records.writeUInt16BE(CLASS_IN, at + 4)
    records.writeUInt32BE(ttlSeconds, at + 6)
    records.writeUInt16BE(rdata.length, at + 10)
    rdata.copy(records, at + RECORD_HEAD_BYTES)
    at += RECORD_HEAD_BYTES + rdata.length
  }
  return { bytes: records, start: TURN_BYTES, end: at }
}
