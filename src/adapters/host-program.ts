import { spawn } from 'node:child_process'

const DEADLINE_MS = 10_000
const COMPLAINT_MOST_LETTERS = 4096
const OUTPUT_MOST_LETTERS = 64 * 1024 * 1024

export interface Ended {
  /** null: it was ended by a signal, as one that prints without end is. */
  readonly code: number | null
  readonly said: string
  readonly complained: string
}

/** Runs a program of the host, with a script on its input where there is one. */
export type RunProgram = (
  words: readonly string[],
  script: string,
  signal: AbortSignal,
) => Promise<Ended>

export const runProgram: RunProgram = ([name = '', ...words], script, signal) =>
  new Promise((resolve, reject) => {
    const either = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
    const child = spawn(name, words, { signal: either, stdio: 'pipe' })
    let [said, complained] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.length > OUTPUT_MOST_LETTERS) child.kill()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained = (complained + text).slice(0, COMPLAINT_MOST_LETTERS)
    })
    child.on('error', reject).on('close', (code) => resolve({ code, said, complained }))
    // One that has ended reads no more, and says so itself.
    child.stdin.on('error', () => undefined).end(script)
  })
