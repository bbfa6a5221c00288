import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { RawClient, get, member, until, world } from '../ingress/kit.ts'
import type { World } from '../ingress/kit.ts'
import { readAnswers } from './canonical-answer.ts'
import type { CanonicalAnswer } from './canonical-answer.ts'
import type { CanonicalRequest, Line } from './canonical.ts'
import type { Answer, RequestCase, Seen } from './case.ts'
import { say } from './pieces.ts'
import type { Split } from './pieces.ts'
import { recorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'

/** An ingress with one member that records. */
export interface Bench extends World {
  readonly member: Recorder
}

export async function bench(t: TestContext): Promise<Bench> {
  const recording = await recorder(t)
  const made = await world(t)
  made.serve([member(recording.port)])
  return { ...made, member: recording }
}

const PROBE = '/probe'

/** Sends the case in the given pieces and holds the outcome against its verdict. */
export async function judge(
  t: TestContext,
  { one, bench: { port, edge, member: recording } }: { one: RequestCase; bench: Bench },
  split: Split,
): Promise<void> {
  recording.forget()
  const client = new RawClient(t, port)
  await say({ client, edge }, one.sent, split)
  if (one.ends === true) client.socket.end()
  const expected = one.connection === 'kept' ? [...one.answers, 200] : one.answers
  if (one.connection === 'kept') {
    const answered = (): boolean =>
      client.isClosed || readAnswers(client.text, expected, false).length === one.answers.length
    await until(answered, () => `${one.answers.length} answers in ${JSON.stringify(client.text)}`)
    assert.equal(client.isClosed, false, `it is kept: ${client.text}`)
    client.say(get(PROBE, 'Connection: close'))
  }
  const answers = readAnswers(await client.closed(), expected, true)
  client.socket.destroy()

  assert.deepEqual(recording.violations, [], one.name)
  assert.deepEqual(
    answers.map(({ status }) => status),
    expected.map((answer) => (typeof answer === 'number' ? answer : answer.status)),
  )
  answers.forEach((answer, i) => assertAnswer(answer, expected[i]))
  assertEnd(one, answers)
  assertSeen(one, recording, split)
}

function assertAnswer(answer: CanonicalAnswer, expected: number | Answer | undefined): void {
  if (typeof expected !== 'object' || expected.content === undefined) return
  assert.equal(answer.content, expected.content)
}

/** Whoever closes says so in the last answer (RFC 9112 §9.6); nobody else does. */
function assertEnd({ name }: RequestCase, answers: readonly CanonicalAnswer[]): void {
  const finals = answers.filter(({ status }) => status >= 200)
  for (const [i, answer] of finals.entries()) {
    assert.equal(answer.isLast, i === finals.length - 1, `${name}: answer ${i}`)
  }
}

function assertSeen(one: RequestCase, recording: Recorder, split: Split): void {
  const seen = recording.requests.filter(({ asked }) => asked !== `GET ${PROBE}`)
  assert.deepEqual(
    seen.map(({ asked }) => asked),
    one.saw.map(({ asked }) => asked),
  )
  seen.forEach((request, i) => assertRequest(request, one.saw[i]))
  const mayHaveBegun = one.begun === true && split.kind !== 'whole'
  if (one.saw.length === 0 && one.connection === 'closed' && !mayHaveBegun) {
    assert.equal(recording.bytes(), 0, 'the member gets nothing of it')
  }
}

/** Written by us, or by the checker of canonical requests looked at already. */
const NOT_THEIRS =
  /^(?:host|content-length|transfer-encoding|connection|upgrade|x-forwarded-.*|x-real-ip|forwarded|x-request-id)$/

function assertRequest(request: CanonicalRequest, expected: Seen | undefined): void {
  assert.equal(request.content, expected?.content ?? '')
  if (expected?.lines !== undefined) assert.deepEqual(theirs(request.lines), expected.lines)
  if (expected?.host !== undefined) {
    assert.equal(request.lines.find(({ name }) => name === 'host')?.value, expected.host)
  }
}

function theirs(lines: readonly Line[]): string[] {
  const via = lines.findLastIndex(({ name }) => name === 'via')
  return lines.filter(({ name }, i) => i !== via && !NOT_THEIRS.test(name)).map(({ text }) => text)
}
