import type { Answer } from './dns-answer.ts'
import type { NameKey } from './dns-name.ts'
import { HEAD, LOWER, mixed, packed, SET, spread, type NameEntry } from './name-pack.ts'

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
  return {
    ...finder(slots, bytes, seed),
    ...reader(bytes),
    sizeBytes: bytes.length + slots.byteLength,
  }
}

function finder(slots: Uint32Array, bytes: Buffer, seed: number) {
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

  return { read, find }
}

function reader(bytes: Buffer) {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
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
          reason: 0,
          authoritative: true,
          answers: fields.getUint16(at + SET.ANSWERS),
          authorities: 0,
          ownerBytes: 0,
          extra: null,
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
    answer,
    nameBytes: (place: Place): number => bytes[place] ?? 0,
    owners: (place: Place): number => fields.getUint32(headOf(place)),
    noData: (place: Place): number => fields.getUint32(headOf(place) + HEAD.NO_DATA),
    apex: (place: Place): number => fields.getUint32(headOf(place) + HEAD.APEX),
    /** One of `SAID`. */
    said: (place: Place): number => bytes[headOf(place) + HEAD.SAID] ?? 0,
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
