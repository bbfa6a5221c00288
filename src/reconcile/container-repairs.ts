import type { ContainerRow } from '../../db/queries/containers.ts'
import { driftOf, driftText, type Drift } from '../core/container-drift.ts'
import { EngineRefusal } from '../ports/engine.ts'
import { containerLook } from './container-look.ts'
import { repairNotes, type StepAt, type StepDeps } from './container-steps.ts'
import { networkJoining } from './network-joining.ts'
import { networksOf } from './placed-endpoints.ts'

/** How a container is set is not in the engine's list: each is looked at this often. */
const LOOK_EVERY_MS = 5 * 60_000
/** One that has just been seen for the first time was made by us a moment ago, or before our start. */
const FIRST_LOOK_MS = 20_000

/** Puts right what another hand has done to a container that runs, or rests, as desired. */
export function containerRepairs(deps: StepDeps) {
  const { engine, known } = deps
  const { again } = containerLook(deps)
  const joining = networkJoining(deps)
  const repaired = repairNotes(deps)
  const looks = lookTimes(deps)

  async function repair(at: StepAt, drift: Drift, signal: AbortSignal): Promise<void> {
    const { memoryBytes, cpuMilli, cpuShares, pids } = at.placed.row
    for (const network of drift.foreign) {
      await engine.disconnectContainer(at.name, network, signal)
    }
    await joining.join(at, drift.missing, signal)
    await joining.routed(at, signal)
    if (drift.limits) {
      // None may have more than the group that it is in.
      await deps.groups.ensured(at.placed.row.tenantId)
      await engine.updateContainer(at.name, { memoryBytes, cpuMilli, cpuShares, pids }, signal)
    }
    deps.passing('repaired')
  }

  async function repairedDrift(at: StepAt, signal: AbortSignal): Promise<boolean> {
    const { placed, name } = at
    const seen = await again(name, signal)
    const drift = seen?.set && driftOf({ ...placed.row, networks: networksOf(placed) }, seen.set)
    if (!drift) return seen === undefined
    try {
      await repair(at, drift, signal)
    } catch (error) {
      // What it refuses, as less memory than is in use, it is asked again with the next look.
      if (!(error instanceof EngineRefusal)) throw error
      for (const one of networksOf(placed)) known.dropNetwork(one)
      deps.log('warn', 'Cannot repair a container', { container: placed.row.id, error })
      return false
    }
    await repaired(placed, driftText(drift))
    return true
  }

  return {
    /** Looks now and then, and when there is reason to; answers whether there was something to repair. */
    async drifted(at: StepAt, signal: AbortSignal): Promise<boolean> {
      // What is not there is not looked at, also not later.
      if (!at.seen) looks.forget(at.placed.row.id)
      else if (looks.isDue(at)) return looks.finished(at, repairedDrift(at, signal))
      return false
    },

    dueInMs: (id: string) => looks.inMs(id),
    forget: (id: string) => looks.forget(id),
  }
}

/** When each container is to be looked at. */
function lookTimes({ clock, known }: Pick<StepDeps, 'clock' | 'known'>) {
  const dueMs = new Map<string, number>()
  return {
    isDue({ placed, name }: StepAt): boolean {
      const { id } = placed.row
      const now = clock.now().getTime()
      const due = dueMs.get(id) ?? now + FIRST_LOOK_MS
      const isNow = known.isDoubtful(name) || due <= now
      dueMs.set(id, isNow ? now + LOOK_EVERY_MS : due)
      return isNow
    },
    /** A look that was not finished is due again. */
    async finished<T>({ name }: StepAt, look: Promise<T>): Promise<T> {
      try {
        return await look
      } catch (error) {
        known.doubt(name)
        throw error
      }
    },
    inMs(id: string): number | undefined {
      const due = dueMs.get(id)
      return due === undefined ? undefined : Math.max(1, due - clock.now().getTime())
    },
    forget: (id: string): void => void dueMs.delete(id),
  }
}

/** What another hand has done to the whole container. */
export function containerHands(deps: StepDeps) {
  const { engine, known } = deps
  const { again } = containerLook(deps)
  const repaired = repairNotes(deps)
  return {
    async rename({ placed, name, seen }: StepAt, signal: AbortSignal): Promise<void> {
      if (!seen) return
      await engine.renameContainer(seen.engineId, name, signal)
      known.drop(seen.name)
      // Until the engine says more: one that rests, and of which nothing is known, is never looked at again.
      known.put({ ...seen, name })
      await again(name, signal)
      await repaired(placed, 'it had been renamed')
    },

    async unpause({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
      await engine.unpauseContainer(name, signal)
      await again(name, signal)
      await repaired(placed, 'it had been paused')
    },

    async replace({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
      await engine.removeContainer(name, signal)
      known.drop(name)
      await repaired(placed, 'another had been put in its place', newRun(placed.row))
    },
  }
}

/** What ran is gone, and what was known of its health with it. */
export const newRun = ({ run, desired, state }: ContainerRow): Partial<ContainerRow> =>
  desired === 'running' && state === 'running' ? { run: run + 1, state: 'creating' } : {}
