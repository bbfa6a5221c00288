import type { Buffer } from 'node:buffer'
import type { BodyReader, BodyState } from './http-body.ts'
import {
  CHUNK_EXTENSION,
  COLON,
  CR,
  FIELD_VALUE,
  LF,
  SPACE,
  TAB,
  TOKEN,
  hexValue,
} from './http-chars.ts'
import { HTTP_LIMITS } from './http-parse.ts'

const SEMICOLON = 0x3b

/** Where in the grammar of RFC 9112 §7.1 the next byte stands. */
type Step =
  | 'size'
  | 'before-extension'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer-name'
  | 'trailer-value'
  | 'trailer-lf'
  | 'end-lf'

/**
 * The chunked coding, strictly: what one reader calls the end of a chunk and another does not is how
 * requests are smuggled. Extensions and trailers are read within bounds and dropped (§7.1.1, §7.1.2).
 */
export function chunkedBody(): BodyReader {
  const ranges: number[] = []
  const decoder = new Decoder(ranges)
  return {
    read: (bytes, at) => decoder.read(bytes, at),
    ranges,
    get state() {
      return decoder.state
    },
    get reason() {
      return decoder.reason
    },
  }
}

class Decoder {
  state: BodyState = 'open'
  reason = ''
  readonly #ranges: number[]
  #step: Step = 'size'
  #left = 0
  #digits = 0
  #extension = 0
  #extensions = 0
  #trailer = 0
  #trailers = 0

  constructor(ranges: number[]) {
    this.#ranges = ranges
  }

  read(bytes: Buffer, from: number): number {
    this.#ranges.length = 0
    let at = from
    while (at < bytes.length && this.state === 'open') {
      if (this.#step === 'data') {
        const end = Math.min(bytes.length, at + this.#left)
        this.#ranges.push(at, end)
        this.#left -= end - at
        at = end
        if (this.#left === 0) this.#step = 'data-cr'
      } else {
        this.#take(bytes[at] ?? 0)
        at += 1
      }
    }
    return at
  }

  #take(byte: number): void {
    switch (this.#step) {
      case 'size':
        return this.#size(byte)
      case 'before-extension':
      case 'extension':
        return this.#inExtension(byte)
      case 'size-lf':
        return this.#expect(byte, LF, this.#left === 0 ? 'trailer-start' : 'data')
      case 'data-cr':
        return this.#expect(byte, CR, 'data-lf')
      case 'data-lf':
        this.#digits = 0
        return this.#expect(byte, LF, 'size')
      case 'trailer-start':
      case 'trailer-name':
      case 'trailer-value':
        return this.#inTrailer(byte)
      case 'trailer-lf':
        return this.#expect(byte, LF, 'trailer-start')
      case 'end-lf':
        this.#expect(byte, LF, 'end-lf')
        if (this.state === 'open') this.state = 'done'
        return undefined
      case 'data':
        // Content is taken in ranges and never byte by byte.
        return undefined
    }
  }

  #size(byte: number): void {
    const value = hexValue(byte)
    if (value >= 0) {
      if (this.#digits === HTTP_LIMITS.chunkSizeDigits) return this.#refuse('a chunk is too large')
      this.#left = this.#left * 16 + value
      this.#digits += 1
      return undefined
    }
    if (this.#digits === 0) return this.#refuse('a chunk has no size')
    if (byte === CR) {
      this.#step = 'size-lf'
    } else if (byte === SEMICOLON || byte === SPACE || byte === TAB) {
      this.#extension = 0
      this.#step = byte === SEMICOLON ? 'extension' : 'before-extension'
    } else {
      return this.#refuse('the size of a chunk is not hexadecimal')
    }
  }

  #inExtension(byte: number): void {
    if (byte === CR && this.#step === 'extension') {
      this.#step = 'size-lf'
      return undefined
    }
    this.#extension += 1
    this.#extensions += 1
    const tooLong =
      this.#extension > HTTP_LIMITS.chunkExtensionBytes ||
      this.#extensions > HTTP_LIMITS.chunkExtensionsBytes
    if (tooLong) return this.#refuse('the extension of a chunk is too long')
    if (this.#step === 'extension') {
      if (CHUNK_EXTENSION[byte] !== 1) this.#refuse('the extension of a chunk is not allowed')
    } else if (byte === SEMICOLON) {
      this.#step = 'extension'
    } else if (byte !== SPACE && byte !== TAB) {
      this.#refuse('the size of a chunk is not hexadecimal')
    }
  }

  #inTrailer(byte: number): void {
    this.#trailer += 1
    if (this.#trailer > HTTP_LIMITS.trailerBytes) return this.#refuse('its trailer is too large')
    if (this.#step === 'trailer-start') {
      if (byte === CR) {
        this.#step = 'end-lf'
        return undefined
      }
      this.#trailers += 1
      if (this.#trailers > HTTP_LIMITS.fields) return this.#refuse('its trailer is too large')
      this.#step = 'trailer-name'
      if (TOKEN[byte] !== 1) this.#refuse('its trailer is not made of fields')
    } else if (this.#step === 'trailer-name') {
      if (byte === COLON) this.#step = 'trailer-value'
      else if (TOKEN[byte] !== 1) this.#refuse('its trailer is not made of fields')
    } else if (byte === CR) {
      this.#step = 'trailer-lf'
    } else if (FIELD_VALUE[byte] !== 1) {
      this.#refuse('its trailer has a control character')
    }
  }

  #expect(byte: number, wanted: number, next: Step): void {
    if (byte !== wanted) return this.#refuse('a chunk does not end in CRLF')
    this.#step = next
  }

  #refuse(reason: string): void {
    this.state = 'refused'
    this.reason = reason
  }
}
