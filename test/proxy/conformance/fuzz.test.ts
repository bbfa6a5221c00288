import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyReader, type BodyReader } from '../../../proxy/core/http-body.ts'
import { requestForMember, responseForClient } from '../../../proxy/core/http-forward.ts'
import type { Framing } from '../../../proxy/core/http-parse.ts'
import { readRequestHead } from '../../../proxy/core/http-request.ts'
import { readResponseHead } from '../../../proxy/core/http-response.ts'
import { ForwardedLines } from '../../../proxy/ingress/forwarded-lines.ts'
import { heapWatch, isLong, quick } from '../../support/fuzz.ts'
import { readAnswers } from './canonical-answer.ts'
import { readHead, readRequest } from './canonical.ts'
import { numbers } from './cuts.ts'
import { damagedAnswer, damagedRequest } from './mutations.ts'

/** Whatever comes: nothing throws or takes long, cuts change no verdict, and what goes on can be read in one way. */

const HEADS = isLong ? 5_000_000 : 50_000
const DATE = 'Thu, 26 Nov 2026 10:00:00 GMT'

type Verdict =
  | { readonly kind: 'head'; readonly end: number }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'incomplete' }

/** The same bytes up to a cut say the same, or not yet anything. */
function assertSameCut(whole: Verdict, part: Verdict, cut: number): void {
  if (part.kind === 'incomplete') {
    assert.ok(whole.kind !== 'head' || cut < whole.end, 'a whole head is known')
  } else if (part.kind === 'head') {
    assert.equal(whole.kind === 'head' ? whole.end : null, part.end)
  } else {
    assert.deepEqual(whole, part)
  }
}

interface Content {
  readonly state: string
  readonly text: string
}

const stateOf = ({ state }: BodyReader) => state

/** What a reader finds in bytes that come in pieces. */
function contentOf(framing: Framing, pieces: readonly Buffer[]): Content {
  const reader = bodyReader(framing)
  let text = ''
  for (const piece of pieces) {
    if (stateOf(reader) !== 'open') break
    reader.read(piece, 0)
    // What came before an offence in the same piece goes nowhere.
    if (stateOf(reader) !== 'refused') {
      for (let i = 0; i < reader.ranges.length; i += 2) {
        text += piece.toString('latin1', reader.ranges[i], reader.ranges[i + 1])
      }
    }
  }
  return { state: reader.state, text }
}

/** The content, after it was found the same in two pieces as in one. */
function judgedContent(framing: Framing, rest: Buffer, cut: number): Content {
  const whole = contentOf(framing, [rest])
  const parts = contentOf(framing, [rest.subarray(0, cut), rest.subarray(cut)])
  assert.equal(parts.state, whole.state)
  if (whole.state !== 'refused') assert.equal(parts.text, whole.text)
  return whole
}

const encoded = (framing: Framing, text: string): string => {
  if (framing.kind !== 'chunked') return text
  return `${text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`}0\r\n\r\n`
}

test(`${HEADS} damaged requests are refused, or go on in a way that can be read in one way only`, () => {
  const next = numbers(20260101)
  const heap = heapWatch(HEADS)
  const lines = new ForwardedLines({
    peer: '127.0.0.1',
    scheme: 'http',
    isHttp2: false,
    trusted: null,
  })
  const seen = { head: 0, refused: 0, incomplete: 0, whole: 0 }
  for (let i = 0; i < HEADS; i++) {
    const bytes = damagedRequest(next)
    const verdict = quick(() => readRequestHead(bytes), bytes)
    seen[verdict.kind]++
    const cut = next(bytes.length + 1)
    assertSameCut(verdict, readRequestHead(bytes.subarray(0, cut)), cut)
    // Without a host it is nobody's, and goes nowhere.
    if (verdict.kind === 'head' && verdict.meaning.host !== '') {
      const head = verdict
      const { framing } = head.meaning
      const rest = bytes.subarray(head.end)
      const content = judgedContent(framing, rest, next(rest.length + 1))
      const sender = lines.senderOf(head)
      const ours = lines.of(head, { requestId: 'request-1', via: 'cloudlet-test', sender })
      const before = requestForMember(head, ours)
      if (content.state === 'done') {
        seen.whole++
        const sent = before + encoded(framing, content.text)
        const read = readRequest(sent, 0)
        assert.equal(read?.end, sent.length)
        assert.equal(read.message.content, content.text)
      } else {
        readRequest(before, 0)
      }
    }
    heap.look(i)
  }
  const { head, refused, incomplete, whole } = seen
  assert.ok(whole > HEADS / 20 && head > whole, JSON.stringify(seen))
  assert.ok(refused > HEADS / 10 && incomplete > HEADS / 100, JSON.stringify(seen))
  heap.assertFlat()
})

test(`${HEADS} damaged answers are taken for none, or reach a client that can read them in one way only`, () => {
  const next = numbers(7)
  const heap = heapWatch(HEADS)
  const seen = { head: 0, refused: 0, incomplete: 0, whole: 0 }
  for (let i = 0; i < HEADS; i++) {
    const bytes = damagedAnswer(next)
    const method = next(5) === 0 ? 'HEAD' : 'GET'
    const verdict = quick(() => readResponseHead(bytes, method), bytes)
    seen[verdict.kind]++
    const cut = next(bytes.length + 1)
    assertSameCut(verdict, readResponseHead(bytes.subarray(0, cut), method), cut)
    if (verdict.kind === 'head') {
      const head = verdict
      const { framing, status } = head
      const rest = bytes.subarray(head.end)
      const content = judgedContent(framing, rest, next(rest.length + 1))
      const isOpen = framing.kind === 'chunked' || framing.kind === 'until-close'
      const shape = { chunked: isOpen, connection: '', date: DATE } as const
      const before = responseForClient(head, shape)
      const isWhole = content.state === 'done' || framing.kind === 'until-close'
      if (isWhole && status >= 200) {
        seen.whole++
        const coded = encoded(isOpen ? { kind: 'chunked' } : framing, content.text)
        const asked = method === 'HEAD' ? ({ status, toHead: true } as const) : status
        const [read] = readAnswers(before + coded, [asked], true)
        assert.equal(read?.content, content.text)
      } else {
        assert.notEqual(readHead(before, 0), null)
      }
    }
    heap.look(i)
  }
  const { head, refused, incomplete, whole } = seen
  assert.ok(whole > HEADS / 20 && head > whole, JSON.stringify(seen))
  assert.ok(refused > HEADS / 10 && incomplete > HEADS / 100, JSON.stringify(seen))
  heap.assertFlat()
})
