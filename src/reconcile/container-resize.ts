import type { ContainerRow } from '../../db/queries/containers.ts'
import { containerNotResized, containerResized } from '../core/container-event.ts'
import type { Failure } from '../core/failure.ts'
import { heldOf, NOTHING_HELD, sameSizes, sizesOf } from '../core/resize.ts'
import { EngineRefusal } from '../ports/engine.ts'
import { writing } from './container-notes.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { endOperations, type Ending } from './operation-notes.ts'

const NOT_FOUND = 404

/** Gives a container the limits that its row says, whether it runs or not. */
export function containerResize(deps: StepDeps) {
  const { engine, known, passing } = deps
  const written = writing(deps)
  const ending = ({ id }: ContainerRow) => ({
    targetId: id,
    nowMs: deps.clock.now().getTime(),
    // Another operation of the container may be on its way: it is not over.
    kind: 'containers.update',
  })

  /** What it had beyond the limits that are wanted is given back. */
  async function taken(row: ContainerRow): Promise<void> {
    await written(row, async (q) => {
      await deps.watched(q, row.tenantId, () => q.containers.update(row.id, NOTHING_HELD))
      await deps.record(q, containerResized(row))
      return endOperations(q, ending(row), { state: 'succeeded' })
    })
  }

  return {
    async resize({ placed: { row }, name, seen }: StepAt, signal: AbortSignal): Promise<void> {
      // Where nothing is there, nothing has other limits than the row.
      if (seen) {
        try {
          await engine.updateContainer(name, sizesOf(row), signal)
        } catch (error) {
          if (!(error instanceof EngineRefusal) || error.status !== NOT_FOUND) throw error
          known.drop(name)
          return
        }
      }
      passing('limits-set')
      await taken(row)
    },

    /**
     * The engine has refused other limits. The row says again what it had, which the next step gives the
     * engine once more: of several changes on their way nobody knows which it has taken.
     */
    async refused(row: ContainerRow, why: Failure): Promise<void> {
      await written(row, async (q) => {
        const sizes = heldOf(row)
        // Written by the container service alone, from a parsed spec.
        const spec: object = JSON.parse(row.specJson)
        await q.containers.update(row.id, {
          ...sizes,
          specJson: JSON.stringify({ ...spec, ...sizes }),
        })
        await deps.record(q, containerNotResized(row, why.message))
        const failed: Ending = { state: 'failed', failure: why }
        return endOperations(q, ending(row), failed)
      })
    },
  }
}

/** Limits that were put back are asked for until they are taken: there are no others to fall back to. */
export const isPuttingBack = (row: ContainerRow): boolean => sameSizes(row, heldOf(row))
