/**
 * Cuts the bytes of a connection into messages, each behind its length (RFC 1035 §4.2.2). Pieces may
 * be of any size. What is held is at most one message, and only once its length has been said.
 */
export class DnsFrames {
  #prefix = -1
  #message: Buffer | null = null
  #filled = 0

  /** Gives each complete message to `take`, in order. */
  push(chunk: Buffer, take: (message: Buffer) => void): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#message === null) {
        at = this.#readLength(chunk, at)
      } else {
        const copied = chunk.copy(this.#message, this.#filled, at)
        this.#filled += copied
        at += copied
      }
      if (this.#message !== null && this.#filled === this.#message.length) {
        const message = this.#message
        this.#message = null
        this.#filled = 0
        take(message)
      }
    }
  }

  #readLength(chunk: Buffer, start: number): number {
    const byte = chunk[start] ?? 0
    if (this.#prefix < 0) this.#prefix = byte
    else {
      this.#message = Buffer.allocUnsafe((this.#prefix << 8) | byte)
      this.#prefix = -1
    }
    return start + 1
  }
}

/** A message with its length in front, in one piece: two writes may become two packets (RFC 7766 §8). */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 + message.length)
  frame.writeUInt16BE(message.length, 0)
  message.copy(frame, 2)
  return frame
}
