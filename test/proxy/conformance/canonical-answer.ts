import assert from 'node:assert/strict'
import { all, framingOf, one, readContent, readHead } from './canonical.ts'
import type { Length, Line } from './canonical.ts'
import type { Answer } from './case.ts'

export interface CanonicalAnswer {
  readonly status: number
  readonly lines: readonly Line[]
  readonly content: string
  /** The connection ends after it. */
  readonly isLast: boolean
}

/** Fields that a client must not get from us (RFC 9110 §7.6.1). */
const HOP = /^(?:keep-alive|proxy-.*|te|trailer)$/

/**
 * All whole answers in what a client has heard. `expected` says which of them answer HEAD;
 * `isClosed`, that no more will come, which ends an answer that has no other end.
 */
export function readAnswers(
  text: string,
  expected: readonly (number | Answer)[],
  isClosed: boolean,
): readonly CanonicalAnswer[] {
  const answers: CanonicalAnswer[] = []
  let at = 0
  while (at < text.length) {
    const head = readHead(text, at)
    if (head === null) break
    const asked = expected[answers.length]
    const toHead = typeof asked === 'object' && asked.toHead === true
    const status = statusOf(head.first)
    assertFields(status, head.lines)
    const framing = lengthOf({ status, toHead, isClosed, rest: text.length - head.end }, head.lines)
    const content = framing === null ? null : readContent(text, head.end, framing)
    if (content === null) break
    const isLast = one(head.lines, 'connection') === 'close'
    answers.push({ status, lines: head.lines, content: content.message, isLast })
    at = content.end
  }
  if (isClosed) assert.equal(text.slice(at), '', 'whole answers, and nothing after them')
  return answers
}

function statusOf(first: string): number {
  const status = /^HTTP\/1\.1 ([1-9][0-9]{2})(?: [\t -~\x80-\xff]*)?$/.exec(first)?.[1]
  assert.ok(status !== undefined, `it begins with a status line, not ${JSON.stringify(first)}`)
  return Number(status)
}

function assertFields(status: number, lines: readonly Line[]): void {
  assert.deepEqual(
    lines.filter(({ name }) => HOP.test(name)),
    [],
  )
  const connection = one(lines, 'connection')
  if (status === 101) {
    assert.equal(connection, 'Upgrade')
    assert.equal(one(lines, 'upgrade'), 'websocket')
  } else {
    assert.ok(connection === undefined || ['close', 'keep-alive'].includes(connection), connection)
    assert.equal(one(lines, 'upgrade'), undefined)
  }
  // RFC 9110 §6.6.1: a final answer has a Date, if need be ours.
  if (status >= 200) assert.ok(all(lines, 'date').length >= 1, 'a final answer has a Date')
  const ours = lines.filter(({ name }) => name.startsWith('x-cloudlet-'))
  assert.ok(ours.every(({ name }) => name === 'x-cloudlet-error'))
}

interface Circumstances {
  readonly status: number
  readonly toHead: boolean
  readonly isClosed: boolean
  readonly rest: number
}

/** How much content follows; null: it ends with the connection, which has not ended. */
function lengthOf(about: Circumstances, lines: readonly Line[]): Length | null {
  const framing = framingOf(lines)
  if (about.status < 200 || about.status === 204) {
    assert.equal(framing, undefined, 'what has no content has no length (RFC 9110 §8.6)')
    return { length: 0 }
  }
  if (about.toHead || about.status === 304) return { length: 0 }
  if (framing !== undefined) return framing
  assert.equal(one(lines, 'connection'), 'close', 'only the end of a connection ends this answer')
  return about.isClosed ? { length: about.rest } : null
}
