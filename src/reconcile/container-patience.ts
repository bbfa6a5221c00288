import type { ContainerRow } from '../../db/queries/containers.ts'
import type { StepDeps } from './container-steps.ts'
import type { Aside } from './loop.ts'

/** A step that may take minutes gives way to a newer intent: the next look decides anew. */
export function givingWay({ store, log }: Pick<StepDeps, 'store' | 'log'>) {
  return async (
    { id, generation }: ContainerRow,
    step: (signal: AbortSignal) => Promise<void>,
    { signal, aside }: { readonly signal: AbortSignal; readonly aside: Aside },
  ): Promise<void> => {
    const newer = new AbortController()
    const look = (): void => {
      store.read.containers.byId(id).then(
        (row) => row?.generation !== generation && newer.abort(),
        (error: unknown) => log('warn', 'Cannot read a container', { container: id, error }),
      )
    }
    try {
      const slow = step(AbortSignal.any([signal, newer.signal]))
      // A newer intent may have come between the reading of the row and now.
      look()
      await aside(slow, look)
    } catch (error) {
      if (!newer.signal.aborted || signal.aborted) throw error
      log('debug', 'A newer intent has come', { container: id })
    }
  }
}
