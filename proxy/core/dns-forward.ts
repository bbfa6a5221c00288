import { encodeQuestion } from './dns-message.ts'
import { askedName, type Query } from './dns-query.ts'
import { FLAG, RCODE } from './dns-wire.ts'

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
