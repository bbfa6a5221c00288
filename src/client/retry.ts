import { ApiError, UnreachableError } from './api-error.ts'
import type { Pause } from './pause.ts'

/** As often a lost connection is made anew; with the pauses below that is 4 s, a restart's time. */
const MOST_LOSSES = 5
const FIRST_PAUSE_MS = 125
/** Who is told to wait waits; only a platform that never lets go of it ends this before the deadline. */
const MOST_TURNS = 100
const LONGEST_PAUSE_SECONDS = 60

/** Nothing was done, and it was said when to come back. */
const TOLD: ReadonlySet<string> = new Set(['api-away', 'rate-limited', 'request-running'])

interface Retrying {
  readonly isRepeatable: boolean
  readonly signal: AbortSignal
  readonly pause: Pause
}

/**
 * Tries again what can be tried again: when the platform says when to come back, and when the
 * connection broke under a request that has no second effect. Ends with the signal.
 */
export async function retried<T>(
  { isRepeatable, signal, pause }: Retrying,
  attempt: () => Promise<T>,
): Promise<T> {
  let losses = 0
  for (let turn = 1; ; turn++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other is the point
      return await attempt()
    } catch (error) {
      if (isLoss(error)) losses++
      const waitMs = pauseAfter(error, isRepeatable, losses)
      if (waitMs === null || turn >= MOST_TURNS || signal.aborted) throw error
      // oxlint-disable-next-line no-await-in-loop -- a pause between two tries
      await pause(waitMs, signal)
    }
  }
}

function pauseAfter(error: unknown, isRepeatable: boolean, losses: number): number | null {
  if (error instanceof ApiError) {
    const seconds = error.retryAfterSeconds
    if (TOLD.has(error.code)) {
      return seconds === null ? null : Math.min(seconds, LONGEST_PAUSE_SECONDS) * 1000
    }
  }
  if (!isLoss(error) || !isRepeatable || losses > MOST_LOSSES) return null
  // Nobody listens, and nobody did before: it does not run, and waiting would not help.
  if (losses === 1 && isRefused(error)) return null
  return FIRST_PAUSE_MS * 2 ** (losses - 1)
}

/** Also where it was the ingress that has lost the platform. */
const isLoss = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ApiError && error.code === 'api-lost')

/** As Node and Deno put it: the code is on the error of the socket, which is the cause of fetch's own. */
function isRefused(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ('code' in one && one.code === 'ECONNREFUSED') return true
    if (/connection refused/i.test(one.message)) return true
  }
  return false
}
