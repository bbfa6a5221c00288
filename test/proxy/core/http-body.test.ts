import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bodyReader, contentBytes } from '../../../proxy/core/http-body.ts'
import type { BodyReader } from '../../../proxy/core/http-body.ts'
import { CHUNKED, NO_CONTENT, UNTIL_CLOSE } from '../../../proxy/core/http-parse.ts'
import type { Framing } from '../../../proxy/core/http-parse.ts'

interface Outcome {
  readonly content: string
  readonly state: string
  readonly reason: string
  /** What follows the body. */
  readonly rest: string
}

/** Reads in pieces that end where `cuts` say, and puts together what was found. */
function read(framing: Framing, text: string, cuts: readonly number[] = []): Outcome {
  const body = bodyReader(framing)
  const bytes = Buffer.from(text, 'latin1')
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].toSorted((a, b) => a - b)
  let content = ''
  let rest = ''
  let from = 0
  for (const end of ends) {
    const piece = bytes.subarray(from, end)
    const next = body.state === 'open' ? body.read(piece, 0) : 0
    const found = body.state === 'refused' && next === 0 ? '' : contentOf(body, piece, next)
    content += found
    rest += piece.toString('latin1', next)
    from = end
  }
  return { content, state: body.state, reason: body.reason, rest }
}

function contentOf(body: BodyReader, piece: Buffer, next: number): string {
  if (next === 0) return ''
  let content = ''
  for (let i = 0; i < body.ranges.length; i += 2) {
    content += piece.toString('latin1', body.ranges[i], body.ranges[i + 1])
  }
  assert.equal(content.length, contentBytes(body))
  return content
}

test('content of a known length ends after it', () => {
  const outcome = read({ kind: 'length', bytes: 5 }, 'helloGET /')
  assert.deepEqual(outcome, { content: 'hello', state: 'done', reason: '', rest: 'GET /' })
  assert.equal(read({ kind: 'length', bytes: 5 }, 'hell').state, 'open')
  assert.equal(bodyReader(NO_CONTENT).state, 'done')
})

test('content until the close never ends by itself', () => {
  assert.deepEqual(read(UNTIL_CLOSE, 'anything', [3]), {
    content: 'anything',
    state: 'open',
    reason: '',
    rest: '',
  })
})

test('chunks are put together; extensions and trailers go', () => {
  const text = '5\r\nhello\r\n6;a="b" ;c\r\n world\r\n000\r\nExpires: never\r\n\r\nGET /'
  const outcome = read(CHUNKED, text)
  assert.deepEqual(outcome, { content: 'hello world', state: 'done', reason: '', rest: 'GET /' })
  assert.equal(read(CHUNKED, 'aB\r\n').state, 'open')
})

test('chunks that another reader could end elsewhere are refused', () => {
  const wrong = [
    '0x5\r\nhello\r\n',
    '+5\r\n',
    '-5\r\n',
    ' 5\r\n',
    '5 \r\n',
    '5\n',
    '5\rx',
    '\r\n',
    '5_0\r\n',
    'g\r\n',
    '5\r\nhello!\r\n',
    '5\r\nhello\n',
    '5\r\nhello\r\r',
    '00000000000001\r\n',
    '5;a\nb\r\n',
    '5;a\0\r\n',
    `5;${'a'.repeat(257)}\r\n`,
    '0\r\nA b\r\n\r\n',
    '0\r\n: b\r\n\r\n',
    '0\r\n A: b\r\n\r\n',
    '0\r\nA: b\n\r\n',
    '0\r\n\rX',
  ]
  for (const text of wrong) assert.equal(read(CHUNKED, text).state, 'refused', JSON.stringify(text))
})

test('extensions and trailers have a bound as a whole', () => {
  const extended = `1;${'a'.repeat(200)}\r\nx\r\n`.repeat(100)
  assert.match(read(CHUNKED, extended).reason, /extension .* too long/)
  assert.match(read(CHUNKED, `0\r\n${'A: b\r\n'.repeat(101)}\r\n`).reason, /trailer is too large/)
  assert.match(read(CHUNKED, `0\r\nA: ${'b'.repeat(17_000)}`).reason, /trailer is too large/)
})

test('what is encoded in chunks decodes to itself, wherever it is cut', () => {
  const parts = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 }), { maxLength: 5 })
  fc.assert(
    fc.property(parts, fc.array(fc.nat(100), { maxLength: 6 }), (contents, cuts) => {
      const coded = contents.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
      const outcome = read(CHUNKED, `${coded}0\r\n\r\nrest`, cuts)
      assert.equal(outcome.content, contents.join(''))
      assert.equal(outcome.state, 'done')
      assert.equal(outcome.rest, 'rest')
    }),
    { numRuns: 3000 },
  )
})

test('any bytes give the same outcome wherever they are cut, and never throw', () => {
  const piece = fc.constantFrom(
    '5\r\nhello\r\n',
    '0\r\n',
    '\r\n',
    'A: b\r\n',
    ';x',
    '1',
    '\n',
    '\r',
    'z',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.array(fc.nat(60), { maxLength: 6 }),
      (pieces, cuts) => {
        const text = pieces.join('')
        const whole = read(CHUNKED, text)
        const cut = read(CHUNKED, text, cuts)
        assert.deepEqual(
          { state: cut.state, reason: cut.reason, content: cut.content },
          { state: whole.state, reason: whole.reason, content: whole.content },
        )
        if (whole.state === 'done') assert.equal(cut.rest, whole.rest)
      },
    ),
    { numRuns: 20_000 },
  )
})
