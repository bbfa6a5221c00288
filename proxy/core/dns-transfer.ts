import type { Answer, ReplyTo } from './dns-answer.ts'
import { nameBytes, type NameKey } from './dns-name.ts'
import { askedName } from './dns-query.ts'
import { FLAG, HEADER_BYTES, POINTER_TO_QUESTION, TYPE } from './dns-wire.ts'
import { resolve, type View, type Zone } from './zone.ts'

/** Messages of a transfer end after so many bytes of records, so that none needs much memory at either end. */
const RECORDS_BYTES = 16 * 1024

/**
 * The whole of a zone of apps, between two copies of its SOA (RFC 5936 §2.2). Null: it is none of these. For
 * a transfer of changes this is an answer too (RFC 1995 §4).
 */
export function transfer(zone: Zone, view: View, to: ReplyTo): Buffer[] | null {
  const { packet, questionEnd } = to
  const apex = askedName(packet, { questionEnd })
  const hosts = zone.published.get(apex)
  const soa = said(zone, view, { key: apex, type: TYPE.SOA })
  if (hosts === undefined || soa === null) return null
  const servers = said(zone, view, { key: apex, type: TYPE.NS })
  const records = [
    ...ownedBy(soa, apex, apex),
    ...(servers ? ownedBy(servers, apex, apex) : []),
    ...hosts.flatMap((key) => {
      const address = said(zone, view, { key, type: TYPE.A })
      return address ? ownedBy(address, key, apex) : []
    }),
    ...ownedBy(soa, apex, apex),
  ]
  return messagesOf(to, records)
}

function said(zone: Zone, view: View, asked: { key: NameKey; type: number }): Answer | null {
  const found = resolve(zone, view, asked)
  return found === 'forward' || found.answers === 0 ? null : found
}

/** Records that begin with a pointer to the question, begin with their own name up to the zone's instead. */
function ownedBy({ bytes, start, end }: Answer, key: NameKey, apex: NameKey): Buffer[] {
  const owner = Buffer.concat([
    nameBytes(key.slice(0, key.length - apex.length)),
    Buffer.from([POINTER_TO_QUESTION >> 8, POINTER_TO_QUESTION & 0xff]),
  ])
  const records: Buffer[] = []
  for (let at = start; at < end;) {
    const dataEnd = at + 12 + bytes.readUInt16BE(at + 10)
    records.push(Buffer.concat([owner, bytes.subarray(at + 2, dataEnd)]))
    at = dataEnd
  }
  return records
}

function messagesOf({ packet, questionEnd }: ReplyTo, records: readonly Buffer[]): Buffer[] {
  const messages: Buffer[] = []
  let part: Buffer[] = []
  let size = 0
  const finish = (): void => {
    const head = Buffer.from(packet.subarray(0, questionEnd))
    head.writeUInt16BE(FLAG.QR | FLAG.AA | (packet.readUInt16BE(2) & FLAG.RD), 2)
    head.fill(0, 6, HEADER_BYTES)
    head.writeUInt16BE(part.length, 6)
    messages.push(Buffer.concat([head, ...part]))
    part = []
    size = 0
  }
  for (const record of records) {
    part.push(record)
    size += record.length
    if (size >= RECORDS_BYTES) finish()
  }
  if (part.length > 0) finish()
  return messages
}
