import type { Answer } from './dns-answer.ts'
import type { NameKey } from './dns-name.ts'

/** To whom a name says what: all the same, each view its own, or where the ingress is from there. */
export const SAID = { alike: 0, byView: 1, ingress: 2 } as const
export type Said = (typeof SAID)[keyof typeof SAID]

/** What is to be kept under a name. */
export interface NameEntry {
  /** Indices into what the caller keeps; the store does not know what they mean. */
  readonly owners: number
  readonly noData: number
  /** 0: no zone begins here. */
  readonly apex: number
  readonly said: Said
  readonly records: ReadonlyMap<number, Answer>
}

/** Behind a name and its length: u32 owners, and then these. */
export const HEAD = { NO_DATA: 4, APEX: 8, SAID: 12, SETS: 13, BYTES: 14 } as const
/** Before records: u16 type, then these; at the end the turn, which belongs to the answer. */
export const SET = { ANSWERS: 2, STRIDE: 4, LENGTH: 6, BYTES: 12 } as const

/** Letters of ASCII alone (RFC 4343 §3). */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
)

/** FNV-1a. From the end of a name to its beginning, the hashes of all that it ends with come with it. */
export const mixed = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

/** So that the lowest bits depend on all of them. */
export function spread(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (half ^ (half >>> 15)) >>> 0
}

/** A table of hashes and places, and what is at the places. */
export function packed(entries: ReadonlyMap<NameKey, NameEntry>, seed: number) {
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
    at = written(bytes, at, [key, entry])
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

function written(
  bytes: Buffer,
  start: number,
  [key, entry]: readonly [NameKey, NameEntry],
): number {
  bytes[start] = key.length
  bytes.write(key, start + 1, 'latin1')
  const head = start + 1 + key.length
  bytes.writeUInt32BE(entry.owners, head)
  bytes.writeUInt32BE(entry.noData, head + HEAD.NO_DATA)
  bytes.writeUInt32BE(entry.apex, head + HEAD.APEX)
  bytes[head + HEAD.SAID] = entry.said
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
