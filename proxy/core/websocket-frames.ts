/** Framing of RFC 6455 §5, for whoever carries one stream of bytes in binary messages. */

export const OPCODE = { continuation: 0, binary: 2, close: 8, ping: 9, pong: 10 } as const
type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

export type WebSocketPiece =
  /** Content of a binary message, as much of it as has come; where messages end says nothing. */
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'ping'; readonly bytes: Buffer }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  /** The peer does not speak the protocol; nothing after it is read. */
  | { readonly kind: 'violation'; readonly reason: string }

const FINAL = 0x80
const RESERVED = 0x70
const MASKED = 0x80
const CONTROL = 0x08
/** RFC 6455 §5.5. */
const MOST_CONTROL_BYTES = 125
const MOST_HEAD_BYTES = 14
/** RFC 6455 §7.4.1: the peer gave none. */
const NO_CODE = 1005

/** Reads one direction of a connection. What is masked is unmasked in place, in the caller's bytes. */
export class WebSocketReader {
  readonly #isMasked: boolean
  readonly #head = Buffer.alloc(MOST_HEAD_BYTES)
  #headBytes = 0
  #opcode = 0
  #left = 0
  #isInside = false
  #mask: Buffer = NO_MASK
  #maskAt = 0
  #control: Buffer[] = []
  #isOver = false

  /** `isMasked`: what a client sends is, what a server sends is not (RFC 6455 §5.1). */
  constructor(isMasked: boolean) {
    this.#isMasked = isMasked
  }

  read(bytes: Buffer): WebSocketPiece[] {
    const pieces: WebSocketPiece[] = []
    let at = 0
    while (!this.#isOver && (at < bytes.length || this.#isComplete())) {
      if (!this.#isInside) {
        at = this.#readHead(bytes, at, pieces)
      } else {
        const end = Math.min(bytes.length, at + this.#left)
        this.#readContent(bytes.subarray(at, end), pieces)
        at = end
      }
    }
    return pieces
  }

  /** A frame without content is over as soon as its head is read. */
  #isComplete(): boolean {
    return this.#isInside && this.#left === 0
  }

  #readHead(bytes: Buffer, from: number, pieces: WebSocketPiece[]): number {
    let at = from
    while (at < bytes.length) {
      this.#head[this.#headBytes++] = bytes[at++] ?? 0
      if (this.#headBytes < 2) continue
      const wrong = this.#objection()
      if (wrong !== undefined) {
        this.#refuse(wrong, pieces)
        return at
      }
      if (this.#headBytes === this.#headLength()) {
        this.#begin(pieces)
        return at
      }
    }
    return at
  }

  #headLength(): number {
    const short = (this.#head[1] ?? 0) & 0x7f
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0
    return 2 + extended + (this.#isMasked ? 4 : 0)
  }

  #objection(): string | undefined {
    const [first = 0, second = 0] = this.#head
    const opcode = first & 0x0f
    if ((first & RESERVED) !== 0) return 'a frame uses an extension'
    if (((second & MASKED) !== 0) !== this.#isMasked) {
      return this.#isMasked ? 'a frame of a client is not masked' : 'a frame of a server is masked'
    }
    if ((opcode & CONTROL) === 0) {
      const isKnown = opcode === OPCODE.binary || opcode === OPCODE.continuation
      return isKnown ? undefined : 'a message is not binary'
    }
    if (opcode > OPCODE.pong) return 'a frame is of an unknown kind'
    const isWhole = (first & FINAL) !== 0 && (second & 0x7f) <= MOST_CONTROL_BYTES
    return isWhole ? undefined : 'a control frame is too long or in parts'
  }

  #begin(pieces: WebSocketPiece[]): void {
    const [first = 0, second = 0] = this.#head
    const short = second & 0x7f
    const length =
      short === 126
        ? this.#head.readUInt16BE(2)
        : short === 127
          ? Number(this.#head.readBigUInt64BE(2))
          : short
    if (!Number.isSafeInteger(length)) return this.#refuse('a frame is too long', pieces)
    this.#opcode = first & 0x0f
    this.#left = length
    this.#isInside = true
    this.#maskAt = 0
    // Copied: the next head is read into the same place.
    const headLength = this.#headLength()
    this.#mask = this.#isMasked
      ? Buffer.from(this.#head.subarray(headLength - 4, headLength))
      : NO_MASK
    this.#headBytes = 0
  }

  #readContent(bytes: Buffer, pieces: WebSocketPiece[]): void {
    this.#left -= bytes.length
    if (this.#isMasked) {
      mask(bytes, this.#mask, this.#maskAt)
      this.#maskAt = (this.#maskAt + bytes.length) & 3
    }
    if ((this.#opcode & CONTROL) === 0) {
      if (bytes.length > 0) pieces.push({ kind: 'content', bytes })
    } else {
      this.#control.push(bytes)
      if (this.#left === 0) this.#controlOver(pieces)
    }
    if (this.#left === 0) this.#isInside = false
  }

  #controlOver(pieces: WebSocketPiece[]): void {
    const bytes = Buffer.concat(this.#control)
    this.#control = []
    if (this.#opcode === OPCODE.ping) pieces.push({ kind: 'ping', bytes })
    if (this.#opcode !== OPCODE.close) return
    this.#isOver = true
    const code = bytes.length < 2 ? NO_CODE : bytes.readUInt16BE(0)
    pieces.push({ kind: 'close', code, reason: bytes.toString('utf8', 2) })
  }

  #refuse(reason: string, pieces: WebSocketPiece[]): void {
    this.#isOver = true
    pieces.push({ kind: 'violation', reason })
  }
}

const NO_MASK = Buffer.alloc(4)

/** The head of a whole frame. With a key, the content has to be masked with it (`mask`). */
export function frameHead(opcode: Opcode, length: number, key: Buffer | null): Buffer {
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + extended + (key === null ? 0 : 4))
  head[0] = FINAL | opcode
  head[1] = (key === null ? 0 : MASKED) | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2)
  if (key !== null) key.copy(head, 2 + extended)
  return head
}

/** The content of a close frame; a reason that is too long is cut. */
export function closeContent(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, MOST_CONTROL_BYTES - 2)
  const content = Buffer.alloc(2 + text.length)
  content.writeUInt16BE(code, 0)
  text.copy(content, 2)
  return content
}

/**
 * Masks or unmasks in place (RFC 6455 §5.3); `from` is where in the frame's content the bytes begin.
 * Four bytes at a time, since a byte at a time would cost more than all the rest of the way.
 */
export function mask(bytes: Buffer, key: Buffer, from: number): void {
  const { length } = bytes
  // As far as the first whole word; there may be none.
  const lead = Math.min(length, (4 - (bytes.byteOffset & 3)) & 3)
  const end = lead + ((length - lead) & ~3)
  maskBytes(bytes.subarray(0, lead), key, from)
  if (end > lead) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + lead, (end - lead) >> 2)
    const turned = Uint8Array.from({ length: 4 }, (_, i) => key[(from + lead + i) & 3] ?? 0)
    const word = new Uint32Array(turned.buffer)[0] ?? 0
    for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ word
  }
  maskBytes(bytes.subarray(end), key, from + end)
}

function maskBytes(bytes: Buffer, key: Buffer, from: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ (key[(from + i) & 3] ?? 0)
}
