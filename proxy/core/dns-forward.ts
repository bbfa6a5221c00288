import { decodeMessage, encodeQuestion } from './dns-message.ts'
import { askedName, type Query } from './dns-query.ts'
import { FLAG, HEADER_BYTES, RCODE, TYPE, UDP_EDNS_BYTES } from './dns-wire.ts'

export interface Forwarded {
  readonly packet: Buffer
  readonly query: Query
  readonly client: string
  /** Questions are merged only inside a view, so that no tenant learns what another one asks. */
  readonly view: string
}

/** Everything that makes two questions different to a resolver. */
export function meaning({ packet, query }: Forwarded): string {
  const flags = packet.readUInt16BE(2) & (FLAG.RD | FLAG.CD)
  const edns = query.edns === null ? 'plain' : `edns ${query.edns.secure}`
  return `${flags} ${edns} ${query.type} ${askedName(packet, query)}`
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

/**
 * Makes an upstream's message the client's: its id, its letters' case, its limit. `limitBytes` is
 * what its way back carries.
 */
export function readdressed(answer: Buffer, to: Forwarded, limitBytes: number): Buffer {
  const { packet, query } = to
  const upstream = answer.readUInt16BE(2)
  const asked = packet.readUInt16BE(2)
  // Nobody here has validated anything, so AD is not passed on, and AA was the upstream's.
  const kept = upstream & 0xf
  const flags = FLAG.QR | FLAG.RA | (asked & (FLAG.RD | FLAG.CD)) | kept
  const opt = decodeMessage(answer)?.additionals.find(({ type }) => type === TYPE.OPT)
  const fits = answer.length <= limitBytes
  const reply = Buffer.from(fits ? answer : cut(answer, query, opt))
  packet.copy(reply, 0, 0, 2)
  packet.copy(reply, HEADER_BYTES, HEADER_BYTES, query.questionEnd)
  reply.writeUInt16BE(fits ? flags : flags | FLAG.TC, 2)
  if (fits && opt !== undefined) reply.writeUInt16BE(UDP_EDNS_BYTES, opt.typeAt + 2)
  return reply
}

/** Header, question and OPT: the client asks again over TCP (RFC 2181 §9). */
function cut(
  answer: Buffer,
  query: Query,
  opt: { readonly typeAt: number; readonly dataAt: number } | undefined,
): Buffer {
  const head = Buffer.from(answer.subarray(0, query.questionEnd))
  head.fill(0, 6, HEADER_BYTES)
  if (opt === undefined) return head
  head.writeUInt16BE(1, 10)
  const record = Buffer.from(answer.subarray(opt.typeAt - 1, opt.dataAt))
  record[0] = 0
  record.writeUInt16BE(UDP_EDNS_BYTES, 3)
  record.writeUInt16BE(0, record.length - 2)
  return Buffer.concat([head, record])
}
