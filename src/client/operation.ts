import { findOperation, getOperation, type Operation } from '../contract/operations.ts'
import { ApiError, UnreachableError } from './api-error.ts'
import type { Client } from './client.ts'
import { pause } from './pause.ts'

/** The longest that the API lets one request wait. */
const LONGEST_WAIT_SECONDS = 60
/** How long the platform may be away, e.g. for an upgrade, before a wait gives up. */
const AWAY_LIMIT_MS = 60_000
const PAUSE_MS = 20
const AWAY_PAUSE_MS = 1_000

export interface Followed {
  /** null: it is asked of the platform, which knows it also when its tenant is gone. */
  readonly tenant: string | null
  readonly id: string
  /** One request's wait. Short ones show progress, long ones cost less. */
  readonly stepSeconds?: number
  readonly onProgress?: (operation: Operation) => void
  readonly now: () => number
  readonly signal: AbortSignal
}

/**
 * Waits until an operation has ended, as long as the signal lets it, and answers it in whatever end
 * it found. That the platform is away for a moment does not end the wait: the operation goes on.
 */
export async function settled(api: Client, followed: Followed): Promise<Operation> {
  const { tenant, id, signal, now } = followed
  const wait = Math.min(followed.stepSeconds ?? LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
  const query = { wait }
  const look = (): Promise<Operation> =>
    tenant === null
      ? api.call(findOperation, { params: { operation: id }, query }, { signal })
      : api.call(getOperation, { params: { tenant, operation: id }, query }, { signal })
  let awaySince: number | null = null
  for (;;) {
    signal.throwIfAborted()
    try {
      // oxlint-disable-next-line no-await-in-loop -- one wait after the other is the point
      const operation = await look()
      awaySince = null
      followed.onProgress?.(operation)
      if (isOver(operation)) return operation
      // A server that does not wait as it was asked to must not be asked without end.
      // oxlint-disable-next-line no-await-in-loop -- a pause between two tries
      await pause(PAUSE_MS, signal)
    } catch (error) {
      awaySince ??= now()
      if (!isAway(error) || now() - awaySince > AWAY_LIMIT_MS) throw error
      // oxlint-disable-next-line no-await-in-loop -- a pause between two tries
      await pause(AWAY_PAUSE_MS, signal)
    }
  }
}

export const isOver = ({ state }: Pick<Operation, 'state'>): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled'

/** The error of an operation that did not succeed, as the request itself would have answered it. */
export function operationError(operation: Operation): ApiError {
  const { error, kind, target, state } = operation
  const message = error?.message ?? `Cannot finish ${kind} of "${target.name}": it was ${state}`
  const code = error?.code ?? (state === 'cancelled' ? 'cancelled' : 'unknown')
  return new ApiError(message, { status: 200, code, details: error?.details ?? {} })
}

const isAway = (error: unknown): boolean =>
  error instanceof UnreachableError ||
  (error instanceof ApiError && [502, 503, 504].includes(error.status))
