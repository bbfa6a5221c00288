import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REQUEST_CASES } from './cases/all.ts'
import { bench, judge } from './judge.ts'
import { WHOLE } from './pieces.ts'

for (const one of REQUEST_CASES) {
  test(one.name, async (t) => {
    await judge(t, { one, bench: await bench(t) }, WHOLE)
  })
}

test('no two cases have one name', () => {
  const names = REQUEST_CASES.map(({ name }) => name)
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) < i),
    [],
  )
})
