import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  closeContent,
  frameHead,
  mask,
  OPCODE,
  WebSocketReader,
  type WebSocketPiece,
} from '../../../proxy/core/websocket-frames.ts'

function frame(opcode: 0 | 2 | 8 | 9 | 10, content: Buffer, key: Buffer | null): Buffer {
  const masked = Buffer.from(content)
  if (key !== null) mask(masked, key, 0)
  return Buffer.concat([frameHead(opcode, content.length, key), masked])
}

/** Reads in pieces that end where `cuts` say; neighbours of content are put together. */
function read(isMasked: boolean, bytes: Buffer, cuts: readonly number[] = []): WebSocketPiece[] {
  const reader = new WebSocketReader(isMasked)
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
  let from = 0
  const pieces: WebSocketPiece[] = []
  for (const end of ends.toSorted((a, b) => a - b)) {
    pieces.push(...reader.read(Buffer.from(bytes.subarray(from, end))))
    from = end
  }
  return joined(pieces)
}

function joined(pieces: readonly WebSocketPiece[]): WebSocketPiece[] {
  const whole: WebSocketPiece[] = []
  for (const piece of pieces) {
    const last = whole.at(-1)
    if (piece.kind === 'content' && last?.kind === 'content') {
      whole[whole.length - 1] = { ...piece, bytes: Buffer.concat([last.bytes, piece.bytes]) }
    } else {
      whole.push(piece)
    }
  }
  return whole
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('the reader takes the examples of RFC 6455 §5.7 for what they are', () => {
  // "A masked Pong with 'Hello'", made a ping, since a pong asks for nothing.
  const ping = read(true, hex('89 85 37 fa 21 3d 7f 9f 4d 51 58'))
  assert.deepEqual(ping, [{ kind: 'ping', bytes: Buffer.from('Hello') }])
  const binary = read(false, Buffer.concat([hex('82 7e 01 00'), Buffer.alloc(256, 1)]))
  assert.deepEqual(binary, [{ kind: 'content', bytes: Buffer.alloc(256, 1) }])
  assert.deepEqual(frameHead(OPCODE.binary, 256, null), hex('82 7e 01 00'))
  assert.deepEqual(frameHead(OPCODE.binary, 65_536, null), hex('82 7f 00 00 00 00 00 01 00 00'))
})

test('what is framed and cut anywhere is read as it was, masked or not', () => {
  const content = fc.uint8Array({ maxLength: 70_000, size: 'max' })
  const frames = fc.array(content, { minLength: 1, maxLength: 4 })
  const keys = fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }))
  fc.assert(
    fc.property(frames, keys, fc.array(fc.nat(300_000), { maxLength: 6 }), (all, key, cuts) => {
      const maskKey = key === null ? null : Buffer.from(key)
      const bytes = all.map((one) => frame(OPCODE.binary, Buffer.from(one), maskKey))
      const whole = Buffer.concat(all)
      const expected = whole.length === 0 ? [] : [{ kind: 'content' as const, bytes: whole }]
      assert.deepEqual(read(maskKey !== null, Buffer.concat(bytes), cuts), expected)
    }),
    { numRuns: 60 },
  )
})

test('mask() is its own inverse, whatever the alignment, and may be applied in parts', () => {
  const all = fc.uint8Array({ maxLength: 64 })
  const key = fc.uint8Array({ minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(all, key, fc.tuple(fc.nat(7), fc.nat(64)), (content, four, [offset, cut]) => {
      const place = Buffer.alloc(offset + content.length)
      place.set(content, offset)
      const bytes = place.subarray(offset)
      const at = Math.min(cut, bytes.length)
      mask(bytes.subarray(0, at), Buffer.from(four), 0)
      mask(bytes.subarray(at), Buffer.from(four), at)
      const plain = content.map((byte, i) => byte ^ (four[i % 4] ?? 0))
      assert.deepEqual([...bytes], [...plain])
    }),
  )
})

test('a close says its code and reason, and nothing is read after it', () => {
  const close = frame(OPCODE.close, closeContent(4001, 'its key has ended'), null)
  const more = frame(OPCODE.binary, Buffer.from('late'), null)
  assert.deepEqual(read(false, Buffer.concat([close, more])), [
    { kind: 'close', code: 4001, reason: 'its key has ended' },
  ])
  assert.deepEqual(read(false, frame(OPCODE.close, Buffer.alloc(0), null)), [
    { kind: 'close', code: 1005, reason: '' },
  ])
  assert.equal(closeContent(4001, 'x'.repeat(500)).length, 125)
})

test('a ping between the parts of a message is read on its own', () => {
  const bytes = Buffer.concat([
    hex('02 03 616263'),
    frame(OPCODE.ping, Buffer.from('?'), null),
    hex('80 03 646566'),
  ])
  assert.deepEqual(read(false, bytes), [
    { kind: 'content', bytes: Buffer.from('abc') },
    { kind: 'ping', bytes: Buffer.from('?') },
    { kind: 'content', bytes: Buffer.from('def') },
  ])
})

test('what is against the protocol is a violation, and the end', () => {
  const wrong: readonly (readonly [boolean, string])[] = [
    [true, '82 01 61'], // a client's, not masked
    [false, '82 81 00000000 61'], // a server's, masked
    [false, 'c2 01 61'], // a reserved bit
    [false, '81 01 61'], // text
    [false, '83 01 61'], // an unknown opcode
    [false, '8b 00'], // an unknown control opcode
    [false, '09 01 61'], // a control frame in parts
    [false, '89 7e 0080'], // a control frame that is too long
    [false, '82 7f ffffffffffffffff'], // a length that is no length
  ]
  for (const [isMasked, text] of wrong) {
    const pieces = read(isMasked, Buffer.concat([hex(text), Buffer.alloc(20)]))
    assert.deepEqual(
      pieces.map(({ kind }) => kind),
      ['violation'],
      text,
    )
  }
})

test('no bytes make the reader throw', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.uint8Array({ maxLength: 200 }), (isMasked, bytes) => {
      read(isMasked, Buffer.from(bytes))
    }),
  )
})
