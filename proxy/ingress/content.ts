import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { contentBytes } from '../core/http-body.ts'
import type { BodyReader } from '../core/http-body.ts'

/** Up to here a copy into one string is cheaper than a write of several buffers. */
const SMALL_BYTES = 2048
/** A peer that sends one byte a chunk must not make us write thousands of buffers. */
const PIECES = 8

export interface Content {
  readonly bytes: Buffer
  /** Its ranges are the places of the content in `bytes`. */
  readonly body: BodyReader
  /** Encode as one chunk, and the last chunk when the body is done. */
  readonly chunked: boolean
  /** What goes out before it, in latin1: the head, or ''. */
  readonly before: string
  /** The place of `bytes` is filled anew as soon as this returns. */
  readonly isLent: boolean
}

/** Writes what the last `read` found, in one go with what goes before it. */
export function writeContent(socket: Socket, content: Content): void {
  const { bytes, body, chunked, before, isLent } = content
  const size = contentBytes(body)
  const last = chunked && body.state === 'done' ? '0\r\n\r\n' : ''
  if (size === 0) {
    if (before !== '' || last !== '') socket.write(before + last, 'latin1')
    return
  }
  const start = chunked ? `${before}${size.toString(16)}\r\n` : before
  const end = chunked ? `\r\n${last}` : ''
  if (size <= SMALL_BYTES) {
    socket.write(start + text(bytes, body.ranges) + end, 'latin1')
    return
  }
  if (isLent) {
    socket.write(whole([start, end], pieces(bytes, body.ranges), size))
    return
  }
  socket.cork()
  if (start !== '') socket.write(start, 'latin1')
  for (const piece of pieces(bytes, body.ranges)) socket.write(piece)
  if (end !== '') socket.write(end, 'latin1')
  socket.uncork()
}

/** One copy of it all: a single write of one buffer costs less than one of several. */
function whole([start, end]: readonly [string, string], content: readonly Buffer[], size: number) {
  const all = Buffer.allocUnsafe(start.length + size + end.length)
  let at = all.write(start, 0, 'latin1')
  for (const piece of content) at += piece.copy(all, at)
  all.write(end, at, 'latin1')
  return all
}

function text(bytes: Buffer, ranges: readonly number[]): string {
  let all = ''
  for (let i = 0; i < ranges.length; i += 2) {
    all += bytes.toString('latin1', ranges[i], ranges[i + 1])
  }
  return all
}

function pieces(bytes: Buffer, ranges: readonly number[]): readonly Buffer[] {
  const all: Buffer[] = []
  for (let i = 0; i < ranges.length; i += 2) all.push(bytes.subarray(ranges[i], ranges[i + 1]))
  return all.length > PIECES ? [Buffer.concat(all)] : all
}
