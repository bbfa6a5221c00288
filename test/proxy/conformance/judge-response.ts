import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { RawClient, get, member, until, world } from '../ingress/kit.ts'
import { readAnswers } from './canonical-answer.ts'
import type { CanonicalAnswer } from './canonical-answer.ts'
import type { Answer, ResponseCase } from './case.ts'
import type { Split } from './pieces.ts'
import { NEXT, talker } from './talker.ts'
import type { Talker } from './talker.ts'

export interface TalkingBench {
  readonly port: number
  readonly member: Talker
}

export async function talkingBench(t: TestContext): Promise<TalkingBench> {
  const talking = await talker(t)
  const { port, serve } = await world(t)
  serve([member(talking.port)])
  return { port, member: talking }
}

const PROBE = get('/probe', 'Connection: close')
const PROBED: Answer = { status: 200, content: NEXT }

/** Asks, lets the member say its part in pieces, and holds what the client got against the verdict. */
export async function judgeResponse(
  t: TestContext,
  { one, bench: { port, member: talking } }: { one: ResponseCase; bench: TalkingBench },
  split: Split,
): Promise<void> {
  const client = new RawClient(t, port)
  // Content that is reset is `hello`, of which no framing has a letter; what is less is heard by nobody.
  const heard = (): boolean => !one.said.includes('hello') || /\r\n\r\n[^]*o/.test(client.text)
  talking.prepare({ one, split, heard })
  client.say(one.asked ?? get('/'))
  if (one.connection === 'cut') await assertCut(client, one)
  else if (one.begun === true && split.kind !== 'whole') await assertCutOrRefused(client, one)
  else await assertAnswers(client, one)
  await until(talking.hasSaid, () => 'all that the member says')
  if (!one.reused) await until(talking.isGivenUp, () => 'the end of the connection to the member')
  await assertNext(t, client, port)
  assert.equal(talking.isReused(), one.reused, 'whether the connection to the member is used again')
}

/** A client sees that it got no whole answer, or none after those that are. */
async function assertCut(client: RawClient, one: ResponseCase): Promise<void> {
  await until(
    () => client.isClosed,
    () => `a cut after ${client.text}`,
  )
  assert.deepEqual(statuses(readAnswers(client.text, one.answers, false)), statusesOf(one.answers))
  assert.ok(client.wasReset, `it was closed in order after ${client.text}`)
}

/** Where the offence comes after the head has gone on, it is too late to say so. */
async function assertCutOrRefused(client: RawClient, one: ResponseCase): Promise<void> {
  const answers = (): number[] => statuses(readAnswers(client.text, one.answers, false))
  await until(
    () => client.isClosed || answers().length > 0,
    () => `a cut after ${client.text}`,
  )
  assert.deepEqual(answers(), client.isClosed ? [] : statusesOf(one.answers))
  assert.equal(client.wasReset, client.isClosed)
}

async function assertAnswers(client: RawClient, one: ResponseCase): Promise<void> {
  const isOver = (): boolean =>
    client.isClosed ||
    (one.connection === 'kept' &&
      readAnswers(client.text, one.answers, false).length === one.answers.length)
  await until(isOver, () => `${one.connection}: ${JSON.stringify(client.text)}`)
  assert.equal(client.isClosed, one.connection === 'closed', client.text)
  assert.equal(client.wasReset, false)
  const answers = readAnswers(client.text, one.answers, client.isClosed)
  assert.deepEqual(statuses(answers), statusesOf(one.answers))
  answers.forEach((answer, i) => assertAnswer(answer, one.answers[i]))
  assert.equal(answers.at(-1)?.isLast, one.connection === 'closed')
}

/** The next request gets the next answer, wherever it is sent. */
async function assertNext(t: TestContext, before: RawClient, port: number): Promise<void> {
  const next = before.isClosed ? new RawClient(t, port) : before
  const from = next.text.length
  next.say(PROBE)
  const heard = (await next.closed()).slice(from)
  const [answer] = readAnswers(heard, [PROBED], true)
  assert.equal(answer?.status, 200)
  assert.equal(answer.content, NEXT)
}

const statuses = (answers: readonly CanonicalAnswer[]): number[] =>
  answers.map(({ status }) => status)
const statusesOf = (answers: readonly (number | Answer)[]): number[] =>
  answers.map((answer) => (typeof answer === 'number' ? answer : answer.status))

/** Looked at by the checker of answers already. */
const FRAMING = /^(?:content-length|transfer-encoding|connection|date|upgrade)$/

function assertAnswer(answer: CanonicalAnswer, expected: number | Answer | undefined): void {
  if (typeof expected !== 'object') return
  if (expected.content !== undefined) assert.equal(answer.content, expected.content)
  if (expected.lines === undefined) return
  const theirs = answer.lines.filter(({ name }) => !FRAMING.test(name)).map(({ text }) => text)
  assert.deepEqual(theirs, expected.lines)
}
