import type { Answer } from './dns-answer.ts'
import type { NameKey } from './dns-name.ts'

/** What is to be kept under a name. */
export interface NameEntry {
  /** Indices into what the caller keeps; the store does not know what they mean. */
  readonly owners: number
  readonly noData: number
  /** 0: no zone begins here. */
  readonly apex: number
  readonly isSpecial: boolean
  readonly records: ReadonlyMap<number, Answer>
}

/** A name found. Valid as long as the store. */
export type Place = number
export const NOWHERE: Place = -1

/**
 * Every name of a zone and its encoded answers, in two pieces of memory. A question is looked up by the
 * bytes it came in: no string is made of it, and what belongs to a name lies together, so that a hundred
 * thousand names answer as fast as a hundred. Objects instead would be half a gigabyte of them, which the
 * garbage collector walks through again and again.
 */
export type NameStore = ReturnType<typeof nameStore>

/** `seed` cannot be guessed, so that nobody chooses names that all fall together. */
export function nameStore(entries: ReadonlyMap<NameKey, NameEntry>, seed: number) {
  const { slots, bytes } = packed(entries, seed)
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const mask = slots.length / 2 - 1
  // Of the name that was read last: where its labels begin, and the hash from there to its end.
  const starts = new Uint16Array(LABELS_MAX)
  const hashes = new Uint32Array(LABELS_MAX)
  let labels = 0
  let name: Uint8Array = bytes
  let end = 0

  /** Reads a name without pointers in its wire form; says how many names there are from it to the root. */
  function read(packet: Uint8Array, start: number, behind: number): number {
    labels = 0
    for (let at = start; at < behind; at += 1 + (packet[at] ?? 0)) starts[labels++] = at
    name = packet
    end = behind
    let hash = seed
    let at = behind - 1
    for (let i = labels - 1; i >= 0; i--) {
      const first = starts[i] ?? 0
      for (; at >= first; at--) hash = mixed(hash, LOWER[packet[at] ?? 0] ?? 0)
      hashes[i] = hash
    }
    return labels
  }

  /** The name that begins with the label of that number, of the one that was read last. */
  function find(label: number): Place {
    const start = starts[label] ?? 0
    const hash = spread(hashes[label] ?? 0)
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = slots[2 * slot + 1] ?? 0
      if (place === 0) return NOWHERE
      if (slots[2 * slot] === hash && isAt(place, start)) return place
    }
  }

  function isAt(place: Place, start: number): boolean {
    const length = end - start
    if (bytes[place] !== length) return false
    for (let i = 0; i < length; i++) {
      if (bytes[place + 1 + i] !== LOWER[name[start + i] ?? 0]) return false
    }
    return true
  }

  const headOf = (place: Place): number => place + 1 + (bytes[place] ?? 0)

  /** The records of a type, or of any. Null: none. */
  function answer(place: Place, type: number | 'any'): Answer | null {
    const head = headOf(place)
    const count = bytes[head + HEAD.SETS] ?? 0
    let at = head + HEAD.BYTES
    for (let i = 0; i < count; i++) {
      const length = fields.getUint32(at + SET.LENGTH)
      const start = at + SET.BYTES
      if (type === 'any' || fields.getUint16(at) === type) {
        return {
          rcode: 0,
          authoritative: true,
          answers: fields.getUint16(at + SET.ANSWERS),
          authorities: 0,
          ownerBytes: 0,
          strideBytes: fields.getUint16(at + SET.STRIDE),
          bytes,
          start,
          end: start + length,
        }
      }
      at = start + length
    }
    return null
  }

  return {
    read,
    find,
    answer,
    owners: (place: Place): number => fields.getUint32(headOf(place)),
    noData: (place: Place): number => fields.getUint32(headOf(place) + HEAD.NO_DATA),
    apex: (place: Place): number => fields.getUint32(headOf(place) + HEAD.APEX),
    isSpecial: (place: Place): boolean => bytes[headOf(place) + HEAD.SPECIAL] === 1,
    sizeBytes: bytes.length + slots.byteLength,
  }
}

/** Where a name is by its key, for what is not asked a hundred thousand times a second. */
export function placeOf(names: NameStore, key: NameKey): Place {
  const bytes = Buffer.from(key, 'latin1')
  names.read(bytes, 0, bytes.length)
  return names.find(0)
}

/** One byte at least for each label of 255, the root's included. */
const LABELS_MAX = 128

/** Behind a name and its length: u32 owners, and then these. */
const HEAD = { NO_DATA: 4, APEX: 8, SPECIAL: 12, SETS: 13, BYTES: 14 } as const
/** Before records: u16 type, then these; at the end the turn, which belongs to the answer. */
const SET = { ANSWERS: 2, STRIDE: 4, LENGTH: 6, BYTES: 12 } as const

/** Letters of ASCII alone (RFC 4343 §3). */
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
)

/** FNV-1a. From the end of a name to its beginning, the hashes of all that it ends with come with it. */
const mixed = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

/** So that the lowest bits depend on all of them. */
function spread(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (half ^ (half >>> 15)) >>> 0
}

function packed(entries: ReadonlyMap<NameKey, NameEntry>, seed: number) {
  // At most half full, so that what is not there is soon known not to be.
  let slotCount = 16
  while (slotCount < entries.size * 2) slotCount *= 2
  const slots = new Uint32Array(slotCount * 2)
  const bytes = Buffer.allocUnsafeSlow(sizeOf(entries))
  // Place 0 is none.
  let at = 1
  for (const [key, entry] of entries) {
    const hash = hashOf(key, seed)
    let slot = hash & (slotCount - 1)
    while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & (slotCount - 1)
    slots[2 * slot] = hash
    slots[2 * slot + 1] = at
    at = written(bytes, at, key, entry)
  }
  return { slots, bytes }
}

function hashOf(key: NameKey, seed: number): number {
  let hash = seed
  for (let i = key.length - 1; i >= 0; i--) hash = mixed(hash, key.charCodeAt(i))
  return spread(hash)
}

function sizeOf(entries: ReadonlyMap<NameKey, NameEntry>): number {
  let size = 1
  for (const [key, { records }] of entries) {
    size += 1 + key.length + HEAD.BYTES
    for (const { start, end } of records.values()) size += SET.BYTES + end - start
  }
  return size
}

function written(bytes: Buffer, start: number, key: NameKey, entry: NameEntry): number {
  bytes[start] = key.length
  bytes.write(key, start + 1, 'latin1')
  const head = start + 1 + key.length
  bytes.writeUInt32BE(entry.owners, head)
  bytes.writeUInt32BE(entry.noData, head + HEAD.NO_DATA)
  bytes.writeUInt32BE(entry.apex, head + HEAD.APEX)
  bytes[head + HEAD.SPECIAL] = entry.isSpecial ? 1 : 0
  bytes[head + HEAD.SETS] = entry.records.size
  let at = head + HEAD.BYTES
  for (const [type, answer] of entry.records) {
    bytes.writeUInt16BE(type, at)
    bytes.writeUInt16BE(answer.answers, at + SET.ANSWERS)
    bytes.writeUInt16BE(answer.strideBytes, at + SET.STRIDE)
    bytes.writeUInt32BE(answer.end - answer.start, at + SET.LENGTH)
    bytes.writeUInt16BE(0, at + SET.BYTES - 2)
    answer.bytes.copy(bytes, at + SET.BYTES, answer.start, answer.end)
    at += SET.BYTES + answer.end - answer.start
  }
  return at
}
