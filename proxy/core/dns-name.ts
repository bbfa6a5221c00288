/**
 * A name as it travels, its length bytes and the final zero included, one character a byte, letters
 * in lower case. Being a string it is a key of a Map, and being the wire form it needs no parsing.
 */
export type NameKey = string

export const NAME_BYTES_MAX = 255
export const LABEL_BYTES_MAX = 63
export const ROOT: NameKey = '\0'

export interface NameAt {
  readonly key: NameKey
  /** Where the bytes after the name begin; after a pointer that is behind the pointer. */
  readonly end: number
}

/** Takes a name with pointers out of a message. Null: malformed. */
export function nameAt(message: Buffer, start: number): NameAt | null {
  let at = start
  let end = -1
  // Each pointer must go in front of everything read so far, so no chain of them can be endless
  // (RFC 1035 §4.1.4 says "prior occurrence"; RFC 9267 §2 lists what happens otherwise).
  let floor = start
  let name = ''
  for (;;) {
    const length = message[at]
    if (length === undefined) return null
    if (length >= 0xc0) {
      const low = message[at + 1]
      if (low === undefined) return null
      if (end < 0) end = at + 2
      at = ((length & 0x3f) << 8) | low
      if (at >= floor) return null
      floor = at
      continue
    }
    // 01 and 10 were given away and taken back (RFC 6891 §5); nobody may use them.
    if (length > LABEL_BYTES_MAX || at + 1 + length > message.length) return null
    name += message.toString('latin1', at, at + 1 + length)
    if (name.length > NAME_BYTES_MAX) return null
    at += 1 + length
    if (length === 0) return { key: lowerAscii(name), end: end < 0 ? at : end }
  }
}

/**
 * Lower case of the 26 letters alone (RFC 4343 §3). `toLowerCase` would also change bytes above 127,
 * which are no letters here. Length bytes are at most 63, so none of them looks like a letter.
 */
export function lowerAscii(wire: string): string {
  return wire.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Reads the text form, with or without the final dot, `\.` and `\DDD` (RFC 1035 §5.1). */
export function nameKey(text: string): NameKey | null {
  if (text === '' || text === '.') return ROOT
  let key = ''
  let label = ''
  const finish = (): boolean => {
    if (label.length === 0 || label.length > LABEL_BYTES_MAX) return false
    key += String.fromCharCode(label.length) + label
    label = ''
    return true
  }
  if (!/^(?:\\\d{3}|\\[^\d]|[^\\])*$/s.test(text)) return null
  for (const [character] of text.matchAll(/\\\d{3}|\\[^\d]|[^\\]/gs)) {
    if (character === '.') {
      if (!finish()) return null
    } else label += plain(character)
  }
  if (label !== '' && !finish()) return null
  key += ROOT
  return key.length <= NAME_BYTES_MAX && isBytes(key) ? lowerAscii(key) : null
}

/** The text form for people, with the final dot only at the root. */
export function nameText(key: NameKey): string {
  const text = labels(key).map((label) =>
    // oxlint-disable-next-line no-control-regex -- what is not printable is written as a number
    label.replace(/[.\\]|[^\x21-\x7e]/g, (c) =>
      c === '.' || c === '\\' ? `\\${c}` : `\\${String(c.charCodeAt(0)).padStart(3, '0')}`,
    ),
  )
  return text.length === 0 ? '.' : text.join('.')
}

function labels(key: NameKey): string[] {
  const found: string[] = []
  for (let at = 0; at < key.length - 1; at += 1 + key.charCodeAt(at)) {
    found.push(key.slice(at + 1, at + 1 + key.charCodeAt(at)))
  }
  return found
}

/** The name one label up. The root has none. */
export function parent(key: NameKey): NameKey | null {
  return key === ROOT ? null : key.slice(1 + key.charCodeAt(0))
}

/** Puts a label in front. The caller's names are host names, so the result is known to fit. */
export function below(label: string, key: NameKey): NameKey {
  return String.fromCharCode(label.length) + label.toLowerCase() + key
}

export function nameBytes(key: NameKey): Buffer {
  return Buffer.from(key, 'latin1')
}

function plain(character: string): string {
  if (character.length === 4) return String.fromCharCode(Number(character.slice(1)))
  return character.length === 2 ? character.slice(1) : character
}

function isBytes(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 255) return false
  return true
}
