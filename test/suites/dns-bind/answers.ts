import { decodeMessage } from '../../../proxy/core/dns-message.ts'
import { nameAt, nameText } from '../../../proxy/core/dns-name.ts'
import { FLAG, TYPE } from '../../../proxy/core/dns-wire.ts'

/** An answer as far as its meaning goes: in no order, and nothing of how names were compressed. */
export interface Meaning {
  readonly rcode: number
  readonly flags: string
  /** Whether other names may be asked for. */
  readonly recursion: boolean
  /** The question, byte for byte. */
  readonly question: string
  readonly answers: readonly string[]
  readonly authorities: readonly string[]
  readonly additionals: readonly string[]
  /** Version, size and flags of the OPT record. */
  readonly opt: string
}

const FLAGS = { aa: FLAG.AA, tc: FLAG.TC, rd: FLAG.RD, ad: 0x20, cd: FLAG.CD }

export function meaningOf(packet: Buffer, questionEnd: number): Meaning {
  const message = decodeMessage(packet)
  if (message === null) throw new Error(`Malformed: ${packet.toString('hex')}`)
  const { flags, additionals } = message
  const opt = additionals.find(({ type }) => type === TYPE.OPT)
  const upper = opt === undefined ? 0 : (opt.ttlSeconds >>> 24) << 4
  type Records = typeof additionals
  const text = (records: Records): string[] =>
    records.map(
      (one) => `${nameText(one.key)} ${one.ttlSeconds} ${one.type} ${dataOf(packet, one)}`,
    )
  return {
    rcode: upper | (flags & 0xf),
    flags: Object.entries(FLAGS)
      .filter(([, bit]) => (flags & bit) !== 0)
      .map(([name]) => name)
      .join(' '),
    recursion: (flags & FLAG.RA) !== 0,
    question: packet.toString('latin1', 12, questionEnd),
    answers: text(message.answers).toSorted(),
    authorities: text(message.authorities).toSorted(),
    additionals: text(additionals.filter((one) => one !== opt)).toSorted(),
    opt: opt ? `${(opt.ttlSeconds >>> 16) & 255} ${opt.class} ${opt.ttlSeconds & 0xffff}` : 'none',
  }
}

interface Placed {
  readonly type: number
  readonly dataAt: number
  readonly dataBytes: number
}

/** Names in data may be compressed in these (RFC 3597 §4), and are then written out. */
function dataOf(packet: Buffer, { type, dataAt, dataBytes }: Placed): string {
  const name = (at: number) => {
    const found = nameAt(packet, at)
    if (found === null) throw new Error('A name in a record is malformed')
    return { text: nameText(found.key), end: found.end }
  }
  const hex = (start: number): string => packet.toString('hex', start, dataAt + dataBytes)
  if (type === TYPE.NS || type === TYPE.PTR || type === TYPE.CNAME) return name(dataAt).text
  if (type === TYPE.SRV)
    return `${packet.toString('hex', dataAt, dataAt + 6)} ${name(dataAt + 6).text}`
  if (type !== TYPE.SOA) return hex(dataAt)
  const server = name(dataAt)
  const person = name(server.end)
  return `${server.text} ${person.text} ${hex(person.end)}`
}
