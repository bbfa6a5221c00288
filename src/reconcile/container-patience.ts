import type { PlacedContainer } from '../../db/queries/containers.ts'
import { effectiveDesired } from '../core/effective-desired.ts'
import type { StepDeps } from './container-steps.ts'
import { holdsNow } from './holds.ts'
import type { Aside } from './loop.ts'

/**
 * A step that may take minutes gives way to a newer intent, and to what keeps its container from running:
 * the next look decides anew.
 */
export function givingWay({ store, log }: Pick<StepDeps, 'store' | 'log'>) {
  async function isHeld(placed: PlacedContainer): Promise<boolean> {
    const holds = (await holdsNow(store))(placed)
    return effectiveDesired({ desired: placed.row.desired, ...holds }) === 'held'
  }

  return async (
    placed: PlacedContainer,
    step: (signal: AbortSignal) => Promise<void>,
    { signal, aside }: { readonly signal: AbortSignal; readonly aside: Aside },
  ): Promise<void> => {
    const { id, generation } = placed.row
    const newer = new AbortController()
    const wasHeld = await isHeld(placed)
    const hasChanged = async (): Promise<boolean> => {
      const row = await store.read.containers.byId(id)
      return row?.generation !== generation || (!wasHeld && (await isHeld(placed)))
    }
    const look = (): void => {
      hasChanged().then(
        (changed) => changed && newer.abort(),
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
