import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { holdOf } from '../core/effective-desired.ts'
import { holdFailure } from '../core/hold-failure.ts'
import type { Notes } from './container-notes.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { holdsNow } from './holds.ts'

interface Hands {
  readonly notes: Notes
  readonly stop: (at: StepAt, signal: AbortSignal) => Promise<void>
}

/** Stops what is to run and may not for now, and has it run again when it may. */
export function containerHolding(deps: StepDeps, { notes, stop }: Hands) {
  return {
    /** Written down before it is done: one that is found ended then has not ended by itself. */
    async hold(at: StepAt, signal: AbortSignal): Promise<void> {
      await notes.changed(at.placed.row, { state: 'stopping', retryAt: null })
      deps.passing('hold-noted')
      await stop(at, signal)
    },

    /** Whoever waits for it to run is told that it does not, and why. */
    async held({ placed, seen }: StepAt): Promise<void> {
      await deps.secrets.taken(placed)
      const { row, tenant } = placed
      const hold = holdOf((await holdsNow(deps.store))(placed))
      if (!hold) return
      const why = holdFailure(hold, { name: row.name, tenant, node: row.nodeId })
      const change: Partial<ContainerRow> = {
        state: 'stopped',
        exitCode: seen?.exit?.exitCode ?? row.exitCode,
        finishedAt: seen?.exit?.finishedAt.getTime() ?? row.finishedAt,
        reasonCode: why.code,
        reasonMessage: why.message,
        retryAt: null,
      }
      await notes.changed(row, change, { state: 'failed', failure: why })
      deps.passing('held-noted')
    },

    /** A hold is no failure of the container: its restarts are counted anew. */
    async resumed({ row }: PlacedContainer): Promise<void> {
      const change: Partial<ContainerRow> = {
        run: row.run + 1,
        state: 'starting',
        exitCode: null,
        reasonCode: null,
        reasonMessage: null,
        restarts: 0,
        retryAt: null,
      }
      await notes.changed(row, change)
      deps.passing('resumed')
    },
  }
}
