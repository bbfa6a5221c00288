import type { TestEvent } from 'node:test/reporters'
import { fail, note, nothingYet, remark } from './tally.ts'

/** Sends what became of each file to the process that asked for it. */
// oxlint-disable-next-line no-default-export -- node takes a reporter from there
export default async function* reporter(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  let tally = nothingYet()
  // One file runs at a time, so the suite that has begun last is the file of all that is said.
  let file = ''
  for await (const { type, data } of events) {
    if (type === 'test:start' && data.nesting === 0) file = data.name
    // Said when all is over, and no channel is left.
    if (type === 'test:diagnostic') yield remark(data.message)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    note(tally, data, file)
    if (data.nesting > 0) continue
    if (tally.passed + tally.failed === 0) fail(tally, file, 'it ran no test')
    process.send?.(tally)
    tally = nothingYet()
  }
}
