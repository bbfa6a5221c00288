import type { Queries } from '../../db/open.ts'
import type { Failure } from '../core/failure.ts'

export interface Ending {
  readonly state: 'succeeded' | 'failed'
  readonly failure?: Failure
}

interface At {
  readonly targetId: string
  readonly nowMs: number
  /** Only those of this kind. */
  readonly kind?: string
}

/** Ends every open operation of a target, inside the transaction that makes it true; answers their ids. */
export async function endOperations(
  q: Queries,
  { targetId, nowMs, kind }: At,
  { state, failure }: Ending,
): Promise<string[]> {
  const all = await q.operations.openOn(targetId)
  const open = kind === undefined ? all : all.filter((one) => one.kind === kind)
  for (const { id, progress } of open) {
    await q.operations.updateOpen(id, {
      state,
      step: null,
      progress: state === 'succeeded' ? 100 : progress,
      errorJson: failure ? JSON.stringify(errorOf(failure)) : null,
      updatedAt: nowMs,
    })
  }
  return open.map(({ id }) => id)
}

/** Says at which step the open operations of a target are. */
export async function advanceOperations(
  q: Queries,
  { targetId, nowMs, step, progress }: At & { readonly step: string; readonly progress: number },
): Promise<void> {
  for (const { id } of await q.operations.openOn(targetId)) {
    await q.operations.updateOpen(id, { state: 'running', step, progress, updatedAt: nowMs })
  }
}

const errorOf = ({ code, message, details }: Failure) => ({ code, message, details })
