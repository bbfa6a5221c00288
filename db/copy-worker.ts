import { parentPort, workerData } from 'node:worker_threads'
import { checkedCopy, checkWhole, copyDatabase } from './copy.ts'
import { createClient } from '@libsql/client'

/** What takes long, in a thread of its own: libSQL's calls hold up the thread that makes them. */
export type Work =
  | { readonly do: 'copy'; readonly from: string; readonly to: string; readonly migrations: string }
  | { readonly do: 'check'; readonly path: string }

export interface Said {
  readonly value?: unknown
  readonly error?: string
}

async function quickCheck(path: string): Promise<void> {
  const client = createClient({ url: `file:${path}`, concurrency: 1 })
  try {
    await client.execute('PRAGMA query_only = 1')
    await checkWhole(client, 'quick_check')
  } finally {
    client.close()
  }
}

async function done(work: Work): Promise<unknown> {
  if (work.do === 'check') return quickCheck(work.path)
  await copyDatabase(work.from, work.to)
  return checkedCopy(work.to, work.migrations)
}

// A thread is no window, and has no origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const say = (said: Said): void => parentPort?.postMessage(said)

// Handed over by `threads.ts` alone.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
done(workerData as Work).then(
  (value) => say({ value }),
  (error: unknown) => say({ error: error instanceof Error ? error.message : String(error) }),
)
