/**
 * Frames of a tunnel: many streams in one connection. Eight bytes (kind, stream in three bytes, length
 * in four), then the content. They are read from a stream of bytes, so it does not matter how the
 * carrier cuts it.
 */

export const FRAME_KINDS = {
  /** By the client alone; ids grow. */
  open: 1,
  data: 2,
  /** So many bytes more may be sent; content: four bytes. */
  credit: 3,
  /** No more data from this side; the other may go on. */
  end: 4,
  /** Over at once, both ways; content: why, in UTF-8. */
  reset: 5,
  ping: 6,
  pong: 7,
} as const
type FrameKind = keyof typeof FRAME_KINDS

export const HEAD_BYTES = 8
export const MOST_STREAM = 0xff_ffff
/** Of one data frame: small enough that streams take turns. */
export const MOST_DATA_BYTES = 64 * 1024
/** Of a reset: a sentence. */
const MOST_REASON_BYTES = 256

export type Frame =
  | { readonly kind: 'open'; readonly stream: number }
  | { readonly kind: 'end'; readonly stream: number }
  /** As much of it as has come. */
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Buffer }
  | { readonly kind: 'credit'; readonly stream: number; readonly amount: number }
  | { readonly kind: 'reset'; readonly stream: number; readonly reason: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'violation'; readonly reason: string }

const KIND_OF = new Map<number, FrameKind>(
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
  (Object.entries(FRAME_KINDS) as [FrameKind, number][]).map(([kind, code]) => [code, kind]),
)

export class FrameReader {
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headBytes = 0
  #kind: FrameKind | undefined
  #stream = 0
  #left = 0
  #content: Buffer[] = []
  #isOver = false

  read(bytes: Buffer): Frame[] {
    const frames: Frame[] = []
    let at = 0
    while (at < bytes.length && !this.#isOver) {
      if (this.#kind === undefined) {
        const taken = Math.min(HEAD_BYTES - this.#headBytes, bytes.length - at)
        bytes.copy(this.#head, this.#headBytes, at, at + taken)
        this.#headBytes += taken
        at += taken
        if (this.#headBytes === HEAD_BYTES) this.#begin(frames)
      } else {
        const end = Math.min(bytes.length, at + this.#left)
        this.#take(this.#kind, bytes.subarray(at, end), frames)
        at = end
      }
    }
    return frames
  }

  #begin(frames: Frame[]): void {
    this.#headBytes = 0
    const kind = KIND_OF.get(this.#head[0] ?? 0)
    this.#stream = this.#head.readUIntBE(1, 3)
    this.#left = this.#head.readUInt32BE(4)
    if (kind === undefined) return this.#refuse('a frame is of an unknown kind', frames)
    if (!isLength(kind, this.#left)) return this.#refuse(`a frame "${kind}" is too long`, frames)
    const isOfStream = kind !== 'ping' && kind !== 'pong'
    if (isOfStream !== this.#stream > 0) {
      return this.#refuse(`a frame "${kind}" names the wrong stream`, frames)
    }
    this.#kind = kind
    if (this.#left === 0) this.#over(kind, frames)
  }

  #take(kind: FrameKind, bytes: Buffer, frames: Frame[]): void {
    this.#left -= bytes.length
    if (kind === 'data') frames.push({ kind, stream: this.#stream, bytes })
    else this.#content.push(bytes)
    if (this.#left === 0) this.#over(kind, frames)
  }

  #over(kind: FrameKind, frames: Frame[]): void {
    this.#kind = undefined
    const content = Buffer.concat(this.#content)
    this.#content = []
    const stream = this.#stream
    if (kind === 'credit') frames.push({ kind, stream, amount: content.readUInt32BE(0) })
    else if (kind === 'reset') frames.push({ kind, stream, reason: content.toString('utf8') })
    else if (kind === 'open') frames.push({ kind, stream })
    else if (kind === 'end') frames.push({ kind, stream })
    else if (kind === 'ping') frames.push({ kind })
    else if (kind === 'pong') frames.push({ kind })
  }

  #refuse(reason: string, frames: Frame[]): void {
    this.#isOver = true
    frames.push({ kind: 'violation', reason })
  }
}

function isLength(kind: FrameKind, length: number): boolean {
  if (kind === 'data') return length > 0 && length <= MOST_DATA_BYTES
  if (kind === 'credit') return length === 4
  if (kind === 'reset') return length <= MOST_REASON_BYTES
  return length === 0
}

/** The head of a data frame; so many bytes have to follow it. */
export function dataHead(stream: number, length: number): Buffer {
  return headOf('data', stream, length)
}

export function plainFrame(kind: 'end' | 'open' | 'ping' | 'pong', stream: number): Buffer {
  return headOf(kind, stream, 0)
}

export function creditFrame(stream: number, amount: number): Buffer {
  const content = Buffer.alloc(4)
  content.writeUInt32BE(amount, 0)
  return Buffer.concat([headOf('credit', stream, 4), content])
}

export function resetFrame(stream: number, reason: string): Buffer {
  const content = Buffer.from(reason, 'utf8').subarray(0, MOST_REASON_BYTES)
  return Buffer.concat([headOf('reset', stream, content.length), content])
}

function headOf(kind: FrameKind, stream: number, length: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = FRAME_KINDS[kind]
  head.writeUIntBE(stream, 1, 3)
  head.writeUInt32BE(length, 4)
  return head
}
