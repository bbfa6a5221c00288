import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { run } from 'node:test'
import type { EventData } from 'node:test'
import { parseArgs, inspect } from 'node:util'

/**
 * Runs the project's tests and says what happened in a form for people; the last line is for
 * programs: `N passed, N failed`, which counts tests, not files.
 *
 *     node test/run.ts [--unit] [--only <glob>]…
 */

/** Files that need root, the engine or the network of this machine: one after the other. */
const ALONE = [
  'test/engine/**/*.test.ts',
  'test/bootstrap/**/*.test.ts',
  'test/browser/**/*.test.ts',
]
/** For a test that names no time-out of its own. */
const TEST_MS = 120_000
/** A file that keeps something open never ends by itself. */
const FILE_MS = 15 * 60_000
const ROOT = resolve(import.meta.dirname, '..')

type Result = EventData.TestPass | EventData.TestFail

/** What became of one file; `crashed` is one whose process did not end well. */
interface Tally {
  passed: number
  failed: number
  crashed: boolean
  text: string
}

const { values } = parseArgs({
  options: { unit: { type: 'boolean' }, only: { type: 'string', multiple: true } },
})
const alone = new Set(globSync(ALONE, { cwd: ROOT }))
const chosen = globSync(values.only ?? ['test/**/*.test.ts'], { cwd: ROOT }).toSorted()
const parallel = chosen.filter((file) => !alone.has(file))
const inOrder = values.unit ? [] : chosen.filter((file) => alone.has(file))

const tallies = [...(await runFiles(parallel, 2)), ...(await runFiles(inOrder, 1))]
const passed = tallies.reduce((total, tally) => total + tally.passed, 0)
const failed = tallies.reduce((total, tally) => total + tally.failed, 0)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
// A run in which nothing was tested proves nothing, so it is not a success.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

/** What a file prints is written when it ends, so that two at a time do not mix. */
async function runFiles(files: readonly string[], concurrency: number): Promise<Tally[]> {
  const left = [...files]
  const done: Tally[] = []
  const lane = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const tally = await runFile(file)
      process.stdout.write(tally.text)
      done.push(tally)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return done
}

/**
 * One run() a file, because an event names the file that declares a test, and a conformance suite
 * is declared in another file than the one that runs it.
 */
async function runFile(file: string): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, crashed: false, text: '' }
  const signal = AbortSignal.timeout(FILE_MS)
  const events = run({ files: [resolve(ROOT, file)], cwd: ROOT, timeout: TEST_MS, signal })
  for await (const event of events) {
    switch (event.type) {
      case 'test:pass':
      case 'test:fail':
        if (isFile(event.data)) tally.crashed = event.type === 'test:fail'
        else note(tally, event.data, file)
        break
      case 'test:stderr':
      case 'test:stdout':
        tally.text += event.data.message
        break
      case 'test:diagnostic':
        // Such as an error thrown after its test had ended; the rest is the runner's own count.
        if (event.data.level !== 'info') tally.text += `     ${event.data.message}\n`
        break
      default:
    }
  }
  judgeFile(tally, file)
  return tally
}

function note(tally: Tally, data: Result, file: string): void {
  const line = `${file}: ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`
  const reason = failureOf(data)
  if (reason !== undefined) {
    tally.failed += 1
    tally.text += `FAIL ${line}${reason.replace(/^/gm, '       ')}\n`
  } else if (!('error' in data.details) && data.details.type !== 'suite') {
    tally.passed += 1
    tally.text += `ok   ${line}`
  }
}

/** Why a result counts as a failure, or undefined. */
function failureOf(data: Result): string | undefined {
  // A skipped or postponed test has proved nothing.
  if (data.skip !== undefined || data.todo !== undefined) return 'it was skipped'
  if (!('error' in data.details)) return undefined
  const error: Error & { failureType?: string } = data.details.error
  // That a test in it failed has been said already.
  if (error.failureType === 'subtestsFailed') return undefined
  const cause = error.cause ?? error
  return typeof cause === 'string' ? cause : inspect(cause, { depth: 8 })
}

/** A process can end badly, or early and in peace, without any test having failed. */
function judgeFile(tally: Tally, file: string): void {
  const ran = tally.passed + tally.failed > 0
  if (ran && (!tally.crashed || tally.failed > 0)) return
  tally.failed += 1
  const reason = ran ? 'its process ended badly after its tests' : 'it ran no test'
  tally.text += `FAIL ${file}: ${reason}\n`
}

/** The runner wraps each file in a test named for it. */
function isFile({ name, nesting }: Result): boolean {
  return nesting === 0 && name.endsWith('.test.ts')
}
