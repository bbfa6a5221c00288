import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runAlone } from './runner/alone.ts'
import { runTogether } from './runner/shared.ts'
import type { Tally } from './runner/tally.ts'

/**
 * Runs the project's tests and says what happened in a form for people; the last line is for
 * programs: `N passed, N failed`, which counts tests, not files.
 *
 *     node test/run.ts [--unit] [--only <glob>]…
 */

/** Files that need root, the engine or the network of this machine: one after the other. */
const ALONE = [
  'test/engine/**/*.test.ts',
  // Processes of their own, which are measured or waited for.
  'test/bench/api.test.ts',
  'test/bench/dns.test.ts',
  'test/bench/ingress.test.ts',
  'test/db/remote-hang.test.ts',
  'test/bootstrap/**/*.test.ts',
  'test/browser/**/*.test.ts',
  'test/suites/{churn,slow,watchdog}.test.ts',
]
/** Other people's programs, which the bootstrap brings before a whole run: most of their time is waiting. */
const SUITES = 'test/suites/**/*.test.ts'
/** How many files run at once, of those that need nothing of the machine: one more than cores waits. */
const LANES = 3
const ROOT = resolve(import.meta.dirname, '..')

const { values } = parseArgs({
  options: { unit: { type: 'boolean' }, only: { type: 'string', multiple: true } },
})
const alone = new Set(globSync(ALONE, { cwd: ROOT }))
const chosen = globSync(values.only ?? ['test/**/*.test.ts'], { cwd: ROOT }).toSorted()
const left = new Set(values.unit ? globSync(SUITES, { cwd: ROOT }) : [])
const together = chosen.filter((file) => !alone.has(file) && !left.has(file))
const inOrder = values.unit ? [] : chosen.filter((file) => alone.has(file))

const sum = { passed: 0, failed: 0 }
const lanes = Math.min(LANES, together.length)
await Promise.all(Array.from({ length: lanes }, () => runTogether(ROOT, together, told)))
for (const file of inOrder) told(await runAlone(ROOT, file))
process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed\n`)
// A run in which nothing was tested proves nothing, so it is not a success.
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0

/** What a file prints is written when it ends, so that two at a time do not mix. */
function told({ passed, failed, text }: Tally): void {
  process.stdout.write(text)
  sum.passed += passed
  sum.failed += failed
}
