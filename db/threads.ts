import { Worker } from 'node:worker_threads'
import type { CopyFacts } from './copy.ts'
import type { Said, Work } from './copy-worker.ts'
import { DatabaseError } from './migrated.ts'

/** Copies a database and reads the copy back, without holding up anybody. */
export async function copiedAside(
  work: Omit<Extract<Work, { do: 'copy' }>, 'do'>,
  signal: AbortSignal,
): Promise<CopyFacts> {
  // The worker answers what `checkedCopy` does.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (await aside({ ...work, do: 'copy' }, signal)) as CopyFacts
}

/** Whether the pages of a database fit together; throws what does not. */
export async function checkedAside(path: string, signal: AbortSignal): Promise<void> {
  await aside({ do: 'check', path }, signal)
}

async function aside(workerData: Work, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('./copy-worker.ts', import.meta.url), { workerData })
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  worker.once('error', reject)
  worker.once('exit', () => reject(new Error('A thread of the database ended without a word')))
  worker.once('message', ({ value, error }: Said) =>
    error === undefined ? resolve(value) : reject(new DatabaseError(error)),
  )
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    await worker.terminate()
  }
}
