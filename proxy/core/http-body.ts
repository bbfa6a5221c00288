import type { Buffer } from 'node:buffer'
import { chunkedBody } from './http-chunked.ts'
import type { Framing } from './http-parse.ts'

/**
 * Tells which bytes are content, piece by piece as they arrive. It holds none of them: after each
 * `read`, `ranges` are the places of content in the bytes just read.
 */
export interface BodyReader {
  /** Reads `bytes` from `at`; the answer is the offset after the last byte that belongs to it. */
  read(bytes: Buffer, at: number): number
  /** Start and end of each piece found by the last `read`, in turn. */
  readonly ranges: readonly number[]
  readonly state: BodyState
  /** Why it was refused, for people. */
  readonly reason: string
}

/** `until-close` stays `open`: only the end of the connection ends it. */
export type BodyState = 'open' | 'done' | 'refused'

export function bodyReader(framing: Framing): BodyReader {
  if (framing.kind === 'chunked') return chunkedBody()
  if (framing.kind === 'none') return NO_BODY
  return new CountedBody(framing.kind === 'length' ? framing.bytes : Number.POSITIVE_INFINITY)
}

/** How many bytes of content the last `read` found. */
export function contentBytes(body: BodyReader): number {
  let sum = 0
  for (let i = 0; i < body.ranges.length; i += 2) {
    sum += (body.ranges[i + 1] ?? 0) - (body.ranges[i] ?? 0)
  }
  return sum
}

class CountedBody implements BodyReader {
  readonly ranges: number[] = []
  readonly reason = ''
  state: BodyState
  #left: number

  constructor(lengthBytes: number) {
    this.#left = lengthBytes
    this.state = lengthBytes === 0 ? 'done' : 'open'
  }

  read(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.ranges.length = 0
    if (end > at) this.ranges.push(at, end)
    this.#left -= end - at
    if (this.#left === 0) this.state = 'done'
    return end
  }
}

/** Content whose end is told beside it, as HTTP/2 does. */
export class OpenBody implements BodyReader {
  readonly ranges: number[] = []
  readonly reason = ''
  state: BodyState = 'open'

  read(bytes: Buffer, at: number): number {
    this.ranges.length = 0
    if (bytes.length > at) this.ranges.push(at, bytes.length)
    return bytes.length
  }

  end(): void {
    this.ranges.length = 0
    this.state = 'done'
  }
}

/** Most requests have no content, and need nothing that could tell them apart. */
const NO_BODY: BodyReader = {
  read: (_bytes, at) => at,
  ranges: [],
  state: 'done',
  reason: '',
}
