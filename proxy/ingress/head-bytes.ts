import { Buffer } from 'node:buffer'
import { LF } from '../core/http-chars.ts'

/**
 * Gathers the bytes of a head. It is read from the start each time, so that the reader needs no
 * state; to keep that cheap against a peer that sends byte by byte, only a line feed makes it worth
 * reading again, of which a valid head has at most as many as fields.
 */
export class HeadBytes {
  readonly #limit: number
  #bytes: Buffer | null = null

  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#bytes === null
  }

  /** Whether a verdict may have changed. */
  add(chunk: Buffer): boolean {
    const isFirst = this.#bytes === null
    this.#bytes = this.#bytes === null ? chunk : Buffer.concat([this.#bytes, chunk])
    return isFirst || this.#bytes.length >= this.#limit || chunk.includes(LF)
  }

  take(): Buffer | null {
    const bytes = this.#bytes
    this.#bytes = null
    return bytes
  }

  /** Takes a copy of what is only lent: its place is about to be filled anew. */
  settle(): void {
    if (this.#bytes !== null) this.#bytes = Buffer.from(this.#bytes)
  }

  /** The bytes so far; they stay. */
  peek(): Buffer | null {
    return this.#bytes
  }
}
