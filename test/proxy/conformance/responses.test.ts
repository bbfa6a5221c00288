import { test } from 'node:test'
import { ANSWER_CONTENT } from './cases/answer-content.ts'
import { ANSWER_PEERS } from './cases/answer-peers.ts'
import { ANSWERS } from './cases/answers.ts'
import { cutsOf } from './cuts.ts'
import { judgeResponse, talkingBench } from './judge-response.ts'
import { BYTES, WHOLE } from './pieces.ts'

for (const one of [...ANSWERS, ...ANSWER_CONTENT, ...ANSWER_PEERS]) {
  test(one.name, async (t) => {
    await judgeResponse(t, { one, bench: await talkingBench(t) }, WHOLE)
  })

  test(`${one.name}, in pieces`, async (t) => {
    const bench = await talkingBench(t)
    for (const split of [BYTES, ...cutsOf({ name: one.name, sent: one.said })]) {
      await judgeResponse(t, { one, bench }, split)
    }
  })
}
