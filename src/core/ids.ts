const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'

/** Sixteen characters of base32 from ten random bytes: 80 bits, so that none is ever drawn twice. */
export function idFrom(random: Uint8Array): string {
  let id = ''
  for (let bit = 0; bit < 80; bit += 5) {
    const high = random[bit >> 3] ?? 0
    const low = random[(bit >> 3) + 1] ?? 0
    id += LETTERS[(((high << 8) | low) >> (11 - (bit & 7))) & 31]
  }
  return id
}

/** How many random bytes `idFrom` wants. */
export const ID_BYTES = 10
