import type { Queries } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { containerDeleted, containerEvent } from '../core/container-event.ts'
import { failure } from '../core/failure.ts'
import type { StepDeps } from './container-steps.ts'
import { advanceOperations, endOperations, type Ending } from './operation-notes.ts'
import { publishSoon } from './publisher.ts'

/** What an operation does while its container runs and the edge has not seen it answer. */
export const AWAITS_HEALTH = { step: 'health', progress: 80 } as const

/** Of a row that is history: nobody asks for what it was made from, which is most of its bytes. */
const FORGOTTEN = { specJson: '{}', imageJson: null, imageId: null } as const

interface Move {
  readonly step: string
  readonly progress: number
  /** Throws where there is no room for what the change takes; nothing is changed then. */
  readonly admit?: (q: Queries) => Promise<void>
}

export type Notes = ReturnType<typeof containerNotes>

/** Writes down what has come of a container: each in one transaction, with the end of its operations. */
export function containerNotes(deps: StepDeps) {
  const { clock } = deps
  const now = (): number => clock.now().getTime()

  const written = writing(deps)
  const update = updating(deps)
  const end = (q: Queries, { id }: ContainerRow, ending: Ending): Promise<string[]> =>
    endOperations(q, { targetId: id, nowMs: now() }, ending)

  return {
    /** Changes the row, and ends its operations with it, or not yet; the edge hears of it. */
    async changed(
      row: ContainerRow,
      change: Partial<ContainerRow>,
      ending?: Ending | 'awaits-health',
    ): Promise<void> {
      await written(row, async (q) => {
        await update(q, row, change)
        if (ending !== 'awaits-health') return ending ? end(q, row, ending) : []
        await advanceOperations(q, { targetId: row.id, nowMs: now(), ...AWAITS_HEALTH })
        return []
      })
      publishSoon(deps)
    },

    /** Changes the row, and says at which step its operations are. */
    async moved(
      row: ContainerRow,
      change: Partial<ContainerRow>,
      { admit, ...to }: Move,
    ): Promise<boolean> {
      let moved = false
      await written(row, async (q) => {
        moved = true
        await admit?.(q)
        await update(q, row, change)
        await advanceOperations(q, { targetId: row.id, nowMs: now(), ...to })
        return []
      })
      return moved
    },

    ended: (row: ContainerRow, ending: Ending): Promise<void> =>
      written(row, (q) => end(q, row, ending)),

    /** Gives back what the row held, once the engine has been seen without the container. */
    async released({ row }: PlacedContainer): Promise<void> {
      await written(row, async (q) => {
        const removedAt = now()
        await deps.watched(q, row.tenantId, () =>
          q.containers.update(row.id, { removedAt, state: 'deleting', ...FORGOTTEN }),
        )
        await q.names.release(row.id)
        await q.addresses.release(row.id, removedAt)
        await deps.record(q, containerDeleted(row))
        return end(q, row, { state: 'succeeded' })
      })
      deps.passing('released')
      await deps.publisher.publish()
    },
  }
}

type WritingDeps = 'store' | 'operationEnded' | 'tenantMoved'

/** Does its work unless a newer intent has come, then tells those who wait for what has ended. */
export const writing =
  ({ store, operationEnded, tenantMoved }: Pick<StepDeps, WritingDeps>) =>
  async (row: ContainerRow, work: (q: Queries) => Promise<readonly string[]>): Promise<void> => {
    const ended = await store.writeFor(row.tenantId, async (q) => {
      const current = await q.containers.byId(row.id)
      return current?.generation === row.generation ? work(q) : []
    })
    for (const id of ended) operationEnded(id)
    tenantMoved(row.tenantId)
  }

/** Changes a row, and tells what there is to tell of it, in one transaction. */
const updating =
  ({ record }: Pick<StepDeps, 'record'>) =>
  async (q: Queries, row: ContainerRow, change: Partial<ContainerRow>): Promise<void> => {
    await q.containers.update(row.id, change)
    const event = containerEvent(row, { ...row, ...change })
    if (event) await record(q, event)
  }

/** How an operation has ended whose container did not stay up. */
export function failedWith(
  row: ContainerRow,
  exitCode: number | null,
  reason: { readonly code: string; readonly message: string },
): Ending {
  const message = `Container "${row.name}" did not stay up: ${reason.message}`
  return {
    state: 'failed',
    failure: failure('container-exited', message, { exitCode, reason: reason.code }),
  }
}
