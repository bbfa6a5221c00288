import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runAlone } from './alone.ts'
import { NO_MORE } from './no-more.ts'
import { fail, nothingYet, type Tally } from './tally.ts'

/** Far above what the slowest file takes: whatever has not answered by then hangs. */
const FILE_MS = 10 * 60_000
/** Nothing is left to do by then but to close what is open. */
const END_MS = 60_000
/** What lives for one test alone is then mostly gone before the young generation is full: a twentieth less CPU. */
const MEMORY = '--max-semi-space-size=32'

/**
 * Runs files of one queue in a process that they share, until the queue is empty. A process that ends
 * before it should is a failure of the file at hand, which is run once more alone to see what it says;
 * the files after it get a new process.
 */
export async function runTogether(
  root: string,
  left: string[],
  told: (tally: Tally) => void,
): Promise<void> {
  while (left.length > 0) {
    const shared = sharedProcess(root)
    const ran: string[] = []
    let failed = 0
    let isLost = false
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      ran.push(file)
      // oxlint-disable-next-line no-await-in-loop -- one process runs one file at a time
      const tally = await shared.run(file)
      isLost = tally === undefined
      // oxlint-disable-next-line no-await-in-loop
      const result = tally ?? (await afterCrash(root, file, shared.output()))
      failed += result.failed
      told(result)
      if (isLost) break
    }
    // oxlint-disable-next-line no-await-in-loop
    const ended = await shared.end()
    // Of a failed test, or of a lost process, the status says nothing new.
    if (ended.status !== 0 && failed === 0) told(badEnd(ran, ended))
  }
}

async function afterCrash(root: string, file: string, output: string): Promise<Tally> {
  const tally = await runAlone(root, file)
  tally.text = output + tally.text
  fail(tally, file, 'the process that it shared with others ended; above is what it says alone')
  return tally
}

function badEnd(ran: readonly string[], { output, status }: Ended): Tally {
  const tally: Tally = { ...nothingYet(), text: output }
  const reason = status === null ? 'one of these keeps something open' : 'their process ended badly'
  fail(tally, ran.join(', '), reason)
  return tally
}

interface Ended {
  readonly output: string
  /** Null for a process that had to be killed. */
  readonly status: number | null
}

function sharedProcess(root: string) {
  const reporter = pathToFileURL(join(import.meta.dirname, 'reporter.ts')).href
  const program = join(import.meta.dirname, 'shared-process.ts')
  const preload = pathToFileURL(join(root, 'db/preload.ts')).href
  const child = spawn(
    process.execPath,
    [MEMORY, `--import=${preload}`, `--test-reporter=${reporter}`, program],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  const closed = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const taken = (): string => {
    const text = output
    output = ''
    return text
  }
  async function within<T>(ms: number, what: Promise<T>): Promise<T> {
    const timer = setTimeout(() => child.kill('SIGKILL'), ms)
    try {
      return await what
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    output: taken,
    /** What became of the file; undefined if the process ended first. */
    async run(file: string): Promise<Tally | undefined> {
      const answered = new Promise<Tally>((resolve) => child.once('message', resolve))
      if (child.connected) child.send(file)
      const tally = await within(FILE_MS, Promise.race([answered, closed.then(() => undefined)]))
      if (tally) tally.text = taken() + tally.text
      return tally
    },
    /** Waits until the process has ended by itself. */
    async end(): Promise<Ended> {
      // It is the child that disconnects: a parent that does never hears `close`.
      if (child.connected) child.send(NO_MORE)
      await within(END_MS, closed)
      return { output: taken(), status: child.exitCode }
    },
  }
}
