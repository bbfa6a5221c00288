import { resolve } from 'node:path'
import { run } from 'node:test'
import { fail, note, nothingYet, remark, type Result, type Tally } from './tally.ts'

/** For a test that names no time-out of its own. */
const TEST_MS = 120_000
/** A file that keeps something open never ends by itself. */
const FILE_MS = 15 * 60_000

/**
 * Runs a file in a process of its own. One run() a file, because an event names the file that declares
 * a test, and a conformance suite is declared in another file than the one that runs it.
 */
export async function runAlone(root: string, file: string): Promise<Tally> {
  const tally = nothingYet()
  let isCrashed = false
  const signal = AbortSignal.timeout(FILE_MS)
  const events = run({ files: [resolve(root, file)], cwd: root, timeout: TEST_MS, signal })
  for await (const event of events) {
    switch (event.type) {
      case 'test:pass':
      case 'test:fail':
        if (isFile(event.data)) isCrashed = event.type === 'test:fail'
        else note(tally, event.data, file)
        break
      case 'test:stderr':
      case 'test:stdout':
        tally.text += event.data.message
        break
      case 'test:diagnostic':
        tally.text += remark(event.data.message)
        break
      default:
    }
  }
  // A process can end badly, or early and in peace, without any test having failed.
  if (tally.passed + tally.failed === 0) fail(tally, file, 'it ran no test')
  else if (isCrashed && tally.failed === 0) fail(tally, file, 'its process ended badly')
  return tally
}

/** The runner wraps each file in a test named for it. */
function isFile({ name, nesting }: Result): boolean {
  return nesting === 0 && name.endsWith('.test.ts')
}
