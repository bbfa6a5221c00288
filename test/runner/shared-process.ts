import { resolve } from 'node:path'
import { suite } from 'node:test'
import { NO_MORE } from './no-more.ts'

/**
 * A process that many files share, one after the other: what they import is loaded once. It runs the
 * files that it is sent, each as a suite named for it, so that a file's hooks are its own; `reporter.ts`
 * sends back what became of each.
 */

/** For a file, and for a test of it that names no time-out of its own. */
const FILE_MS = 300_000

process.on('message', (file: string) => {
  if (file === NO_MORE) return process.disconnect()
  void suite(file, { timeout: FILE_MS }, async () => {
    await import(resolve(file))
  })
})
