import type { EventData } from 'node:test'
import { inspect } from 'node:util'

/** What became of one file's tests, and the text that says so to people. */
export interface Tally {
  passed: number
  failed: number
  text: string
}

export type Result = EventData.TestPass | EventData.TestFail

export const nothingYet = (): Tally => ({ passed: 0, failed: 0, text: '' })

/** Takes down what became of a test, or of a suite that failed as such. */
export function note(tally: Tally, data: Result, file: string): void {
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

/** Takes down a failure that is no single test's. */
export function fail(tally: Tally, file: string, reason: string): void {
  tally.failed += 1
  tally.text += `FAIL ${file}: ${reason}\n`
}

/** What the runner of Node says of a file beside its tests, such as an error after a test had ended. */
export const remark = (message: string): string =>
  OWN_COUNT.test(message) ? '' : `     ${message}\n`
const OWN_COUNT = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

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
