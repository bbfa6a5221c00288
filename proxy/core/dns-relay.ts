import type { Answer } from './dns-answer.ts'
import { decodeMessage, type Message, type ResourceRecord } from './dns-message.ts'
import { nameAt, nameBytes, parent, type NameKey } from './dns-name.ts'
import { CLASS_IN, HEADER_BYTES, POINTER, RCODE, REASON, TYPE } from './dns-wire.ts'

/** What of an upstream's message answers the question, encoded anew. */
export interface Relayed {
  readonly answer: Answer
  /** How long it may be kept; 0: not at all. */
  readonly ttlSeconds: number
  /** Where in `answer.bytes` the TTLs are, and what they were. */
  readonly ttls: readonly { readonly at: number; readonly seconds: number }[]
  /** Addresses that were left out. */
  readonly filtered: number
}

export interface RelayedFor {
  readonly key: NameKey
  readonly type: number
  /** DNSSEC records are wanted. */
  readonly secure: boolean
  /** Addresses to which no name of the world leads. */
  readonly isForbidden: (type: number, address: Buffer) => boolean
}

/** RFC 8767 §4 advises a week at most; nobody gains by more than a day. */
const TTL_SECONDS_MAX = 86_400
/** RFC 2308 §5 advises one to three hours. A name that has just been made is not to be missed so long. */
const NEGATIVE_TTL_SECONDS_MAX = 300
/** Longer chains are mistakes. */
const CHAIN_MAX = 16

const DNAME = 39
const RRSIG = 46
const NSEC = 47
const NSEC3 = 50
/** What proves an absence, beside the SOA. */
const PROOFS: ReadonlySet<number> = new Set([RRSIG, NSEC, NSEC3])

/**
 * Takes of an upstream's message what answers the question, and nothing else: the chain of aliases from
 * its name and the records at its end, or the SOA by which there are none. Other records are somebody's
 * word about names that nobody asked for (RFC 2181 §5.4.1). Null: it is no answer.
 */
export function relayed(packet: Buffer, asked: RelayedFor): Relayed | null {
  const message = decodeMessage(packet)
  if (message === null || hasExtendedCode(message)) return null
  const rcode = message.flags & 0xf
  const chain = chainOf(packet, message, asked)
  const answers = message.answers.filter((one) => isWanted(one, chain, asked))
  const kept = answers.filter((one) => !isFiltered(packet, one, asked)).toSorted(byChain(chain))
  const filtered = answers.length - kept.length
  const isPositive = answers.some(({ type }) => type === asked.type || asked.type === TYPE.ANY)
  const authorities = isPositive ? [] : denialOf(message, chain, asked)
  const encoder = recordsAfter(asked.key)
  for (const one of [...kept, ...authorities]) {
    const data = dataOf(packet, one)
    if (data === null) return null
    encoder.add({ ...one, data, ttlSeconds: ttlOf(one, isPositive ? null : data) })
  }
  const { bytes, ttls } = encoder.done()
  const answer: Answer = {
    rcode,
    reason: filtered > 0 && kept.length === 0 ? REASON.FILTERED : REASON.NONE,
    authoritative: false,
    answers: kept.length,
    authorities: authorities.length,
    bytes,
    start: 0,
    end: bytes.length,
    ownerBytes: 0,
    strideBytes: 0,
    extra: null,
  }
  return { answer, ttls, filtered, ttlSeconds: isPositive ? least(ttls) : negativeTtl(rcode, ttls) }
}

function ttlOf({ type, ttlSeconds }: ResourceRecord, denying: Buffer | null): number {
  // RFC 2181 §8: with the top bit set it is none at all.
  const said = ttlSeconds > 0x7fffffff ? 0 : ttlSeconds
  // RFC 2308 §3: of a SOA by which there is nothing, its last number counts as well.
  const isSoa = denying !== null && type === TYPE.SOA
  const minimum = isSoa ? denying.readUInt32BE(denying.length - 4) : said
  return Math.min(said, minimum, TTL_SECONDS_MAX)
}

function least(ttls: Relayed['ttls']): number {
  return ttls.reduce((low, { seconds }) => Math.min(low, seconds), TTL_SECONDS_MAX)
}

/** Without a SOA nobody has said for how long (RFC 2308 §5), and other codes are about the moment. */
function negativeTtl(rcode: number, ttls: Relayed['ttls']): number {
  if (ttls.length === 0 || (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN)) return 0
  return Math.min(NEGATIVE_TTL_SECONDS_MAX, least(ttls))
}

/** Its upper bits are in the OPT record; all such codes are about the way, not about the name. */
function hasExtendedCode({ additionals }: Message): boolean {
  const opt = additionals.find(({ type }) => type === TYPE.OPT)
  return opt !== undefined && opt.ttlSeconds >>> 24 !== 0
}

/** The names from the question's own to the last one that it is an alias of, in that order. */
function chainOf(packet: Buffer, { answers }: Message, { key, type }: RelayedFor): NameKey[] {
  const chain = [key]
  if (type === TYPE.CNAME || type === TYPE.ANY) return chain
  const aliases = new Map(
    answers.filter((one) => one.type === TYPE.CNAME).map((one) => [one.key, one.dataAt] as const),
  )
  for (let name = key; chain.length <= CHAIN_MAX;) {
    const at = aliases.get(name)
    const target = at === undefined ? undefined : nameAt(packet, at)?.key
    if (target === undefined || chain.includes(target)) break
    chain.push(target)
    name = target
  }
  return chain
}

function isWanted(one: ResourceRecord, chain: readonly NameKey[], asked: RelayedFor): boolean {
  const { type, secure } = asked
  if (one.class !== CLASS_IN) return false
  const signed = one.type === RRSIG && secure
  // Its owner is above the names that it makes aliases of (RFC 6672 §2.2).
  if (one.type === DNAME && chain.some((name) => isBelow(name, one.key))) return true
  if (!chain.includes(one.key)) return signed && chain.some((name) => isBelow(name, one.key))
  return one.type === type || one.type === TYPE.CNAME || type === TYPE.ANY || signed
}

function isFiltered(packet: Buffer, one: ResourceRecord, { isForbidden }: RelayedFor): boolean {
  if (one.type !== TYPE.A && one.type !== TYPE.AAAA) return false
  return isForbidden(one.type, packet.subarray(one.dataAt, one.dataAt + one.dataBytes))
}

const byChain =
  (chain: readonly NameKey[]) =>
  (one: ResourceRecord, other: ResourceRecord): number =>
    chain.indexOf(one.key) - chain.indexOf(other.key)

/** The SOA of a zone that the last name is in, and what proves it to whoever checks. */
function denialOf(
  { authorities }: Message,
  chain: readonly NameKey[],
  { secure }: RelayedFor,
): ResourceRecord[] {
  const last = chain.at(-1)
  const soa = authorities.find(
    (one) =>
      one.type === TYPE.SOA &&
      one.class === CLASS_IN &&
      last !== undefined &&
      isBelow(last, one.key),
  )
  if (soa === undefined) return []
  return authorities.filter(
    (one) => one === soa || (secure && PROOFS.has(one.type) && isBelow(one.key, soa.key)),
  )
}

function isBelow(key: NameKey, zone: NameKey): boolean {
  for (let up: NameKey | null = key; up !== null; up = parent(up)) if (up === zone) return true
  return false
}

/** In these types of RFC 1035 and its contemporaries names may be compressed: what is before them, how many. */
const NAMES_IN: ReadonlyMap<number, NamesIn> = new Map([
  ...[2, 3, 4, 5, 7, 8, 9, 12, DNAME].map((type) => [type, { before: 0, names: 1 }] as const),
  ...[6, 14, 17].map((type) => [type, { before: 0, names: 2 }] as const),
  ...[15, 18, 21, 36].map((type) => [type, { before: 2, names: 1 }] as const),
  [26, { before: 2, names: 2 }],
  [33, { before: 6, names: 1 }],
])

interface NamesIn {
  readonly before: number
  readonly names: number
}

const OFFSET_MAX = 0x3fff

interface Written extends Pick<ResourceRecord, 'key' | 'type' | 'ttlSeconds'> {
  readonly data: Buffer
}

/** Writes records behind a question, with pointers to names that are there already. */
function recordsAfter(question: NameKey) {
  const parts: Buffer[] = []
  const ttls: { at: number; seconds: number }[] = []
  const places = new Map<NameKey, number>()
  const base = HEADER_BYTES + question.length + 4
  let size = 0
  let place = HEADER_BYTES
  for (let up: NameKey | null = question; up !== null && up !== '\0'; up = parent(up)) {
    places.set(up, place)
    place += 1 + up.charCodeAt(0)
  }

  function push(part: Buffer): void {
    parts.push(part)
    size += part.length
  }

  function owner(key: NameKey): Buffer {
    const known = places.get(key)
    if (known === undefined) {
      if (base + size <= OFFSET_MAX) places.set(key, base + size)
      return nameBytes(key)
    }
    const pointer = Buffer.alloc(2)
    pointer.writeUInt16BE(POINTER | known)
    return pointer
  }

  function add({ key, type, ttlSeconds, data }: Written): void {
    push(owner(key))
    const head = Buffer.alloc(10)
    head.writeUInt16BE(type, 0)
    head.writeUInt16BE(CLASS_IN, 2)
    head.writeUInt32BE(ttlSeconds, 4)
    head.writeUInt16BE(data.length, 8)
    ttls.push({ at: size + 4, seconds: ttlSeconds })
    push(head)
    // An alias's target is what the next record is about.
    const target = type === TYPE.CNAME ? data.toString('latin1') : '\0'
    if (target !== '\0' && base + size <= OFFSET_MAX && !places.has(target)) {
      places.set(target, base + size)
    }
    push(data)
  }

  return { add, done: () => ({ bytes: Buffer.concat(parts), ttls }) }
}

/** The data of a record with its names written out: the pointers in it are of another message. */
function dataOf(packet: Buffer, { type, dataAt, dataBytes }: ResourceRecord): Buffer | null {
  const end = dataAt + dataBytes
  const { before, names } = NAMES_IN.get(type) ?? { before: dataBytes, names: 0 }
  if (before > dataBytes) return null
  const parts = [packet.subarray(dataAt, dataAt + before)]
  let at = dataAt + before
  for (let i = 0; i < names; i++) {
    const name = nameAt(packet, at)
    if (name === null || name.end > end) return null
    parts.push(nameBytes(name.key))
    at = name.end
  }
  parts.push(packet.subarray(at, end))
  const data = Buffer.concat(parts)
  return type === TYPE.SOA && data.length < 22 ? null : data
}
