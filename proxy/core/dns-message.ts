import { nameAt, nameBytes, type NameKey } from './dns-name.ts'
import {
  CLASS_IN,
  FLAG,
  FLAG_DO,
  HEADER_BYTES,
  OPT_BYTES,
  TYPE,
  UDP_EDNS_BYTES,
} from './dns-wire.ts'

interface Question {
  readonly key: NameKey
  readonly type: number
  readonly class: number
}

export interface ResourceRecord {
  readonly key: NameKey
  readonly type: number
  readonly class: number
  readonly ttlSeconds: number
  /** Where in the message the type begins, and the data. */
  readonly typeAt: number
  readonly dataAt: number
  readonly dataBytes: number
}

export interface Message {
  readonly id: number
  readonly flags: number
  readonly questions: readonly Question[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
}

/** Takes any message apart, to its last byte. Null: malformed. The bound is the message's own length. */
export function decodeMessage(message: Buffer): Message | null {
  if (message.length < HEADER_BYTES) return null
  const questions: Question[] = []
  let at = HEADER_BYTES
  for (let i = message.readUInt16BE(4); i > 0; i--) {
    const name = nameAt(message, at)
    if (name === null || name.end + 4 > message.length) return null
    const type = message.readUInt16BE(name.end)
    questions.push({ key: name.key, type, class: message.readUInt16BE(name.end + 2) })
    at = name.end + 4
  }
  const answers = recordsAt(message, at, message.readUInt16BE(6))
  if (answers === null) return null
  const authorities = recordsAt(message, answers.end, message.readUInt16BE(8))
  if (authorities === null) return null
  const additionals = recordsAt(message, authorities.end, message.readUInt16BE(10))
  if (additionals?.end !== message.length) return null
  return {
    id: message.readUInt16BE(0),
    flags: message.readUInt16BE(2),
    questions,
    answers: answers.records,
    authorities: authorities.records,
    additionals: additionals.records,
  }
}

function recordsAt(
  message: Buffer,
  start: number,
  count: number,
): { records: ResourceRecord[]; end: number } | null {
  const records: ResourceRecord[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    const name = nameAt(message, at)
    if (name === null || name.end + 10 > message.length) return null
    const typeAt = name.end
    const dataAt = typeAt + 10
    const dataBytes = message.readUInt16BE(typeAt + 8)
    if (dataAt + dataBytes > message.length) return null
    records.push({
      key: name.key,
      type: message.readUInt16BE(typeAt),
      class: message.readUInt16BE(typeAt + 2),
      ttlSeconds: message.readUInt32BE(typeAt + 4),
      typeAt,
      dataAt,
      dataBytes,
    })
    at = dataAt + dataBytes
  }
  return { records, end: at }
}

export interface Asked {
  readonly id: number
  readonly key: NameKey
  readonly type: number
  readonly recursion: boolean
  readonly checkingDisabled: boolean
  /** Null: without EDNS. */
  readonly edns: { readonly secure: boolean } | null
}

/** A question to another server, made anew: nothing of a client's packet gets through but its meaning. */
export function encodeQuestion(asked: Asked): Buffer {
  const name = nameBytes(asked.key)
  const questionEnd = HEADER_BYTES + name.length + 4
  const packet = Buffer.alloc(questionEnd + (asked.edns === null ? 0 : OPT_BYTES))
  packet.writeUInt16BE(asked.id, 0)
  const flags = (asked.recursion ? FLAG.RD : 0) | (asked.checkingDisabled ? FLAG.CD : 0)
  packet.writeUInt16BE(flags, 2)
  packet.writeUInt16BE(1, 4)
  name.copy(packet, HEADER_BYTES)
  packet.writeUInt16BE(asked.type, questionEnd - 4)
  packet.writeUInt16BE(CLASS_IN, questionEnd - 2)
  if (asked.edns === null) return packet
  packet.writeUInt16BE(1, 10)
  packet.writeUInt16BE(TYPE.OPT, questionEnd + 1)
  packet.writeUInt16BE(UDP_EDNS_BYTES, questionEnd + 3)
  packet.writeUInt16BE(asked.edns.secure ? FLAG_DO : 0, questionEnd + 7)
  return packet
}

/**
 * Whether this is the answer to that question (RFC 5452 §9.1): id, question and direction. Who sent
 * it is the socket's business. The question must come back byte for byte.
 */
export function isAnswerTo(query: Buffer, packet: Buffer): boolean {
  const questionEnd = HEADER_BYTES + questionBytes(query)
  if (packet.length < questionEnd) return false
  if (packet.readUInt16BE(0) !== query.readUInt16BE(0)) return false
  if ((packet.readUInt16BE(2) & (FLAG.QR | FLAG.OPCODE)) !== FLAG.QR) return false
  if (packet.readUInt16BE(4) !== 1) return false
  return packet.compare(query, HEADER_BYTES, questionEnd, HEADER_BYTES, questionEnd) === 0
}

function questionBytes(query: Buffer): number {
  let at = HEADER_BYTES
  while (query[at] !== 0 && at < query.length) at += 1 + (query[at] ?? 0)
  return at + 5 - HEADER_BYTES
}
