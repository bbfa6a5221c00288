import { test } from 'node:test'
import { REQUEST_CASES } from './cases/all.ts'
import { bench, judge } from './judge.ts'
import { BYTES } from './pieces.ts'
import { cutsOf } from './cuts.ts'

for (const one of REQUEST_CASES) {
  test(`${one.name}, in pieces`, async (t) => {
    const made = await bench(t)
    for (const split of [BYTES, ...cutsOf(one)]) await judge(t, { one, bench: made }, split)
  })
}
