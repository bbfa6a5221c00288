import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desk } from './command-line.ts'
import { cloudEvent } from './samples.ts'

const event = (seq: number) => ({ ...cloudEvent, seq })
const page = { value: { items: [event(4)], nextCursor: null } }

test('events -f begins at the newest, and goes on where it broke off', async () => {
  const answers = [
    page,
    { lines: [], isBroken: true },
    { lines: [event(5), event(6)], isBroken: true },
    { lines: [event(7)] },
  ]
  await using user = await desk({ 'events.tenant': () => answers.shift() ?? page })
  const { code, stdout } = await user.type('events -f --level warning --json')
  assert.equal(code, 0)
  const seqs = stdout.trim().split('\n')
  assert.deepEqual(
    seqs.map((line) => JSON.parse(line)),
    [event(5), event(6), event(7)],
  )
  const sinces = user.platform.asked.map(({ query }) => query['since'])
  assert.deepEqual(sinces, [undefined, 4, 4, 6])
})

test('events asks for what its options say, and with --admin the platform', async () => {
  await using user = await desk()
  await user.type('events --admin --since 3 --action container. --target web --level error -n 5')
  const [asked] = user.platform.asked
  assert.equal(asked?.id, 'events.list')
  const query = { since: 3, action: 'container.', target: 'web', level: 'error', limit: 5 }
  assert.deepEqual(asked?.query, query)
})
