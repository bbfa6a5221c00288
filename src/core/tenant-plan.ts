import type { ContainerState } from './container-plan.ts'
import type { Desired } from './effective-desired.ts'

/** What is to be done for a tenant whose life changes, decided from its rows alone. */
export interface TenantFacts {
  /** What its open operations are to bring about; null: nothing is under way. */
  readonly wanted: 'deleted' | 'resumed' | 'suspended' | null
  readonly containers: number
  /** Of them those that may have a process yet. */
  readonly left: number
  /** Those that are not yet gone. */
  readonly networks: number
  /** Of the containers that are to run again: how many there are, and how many are still on their way. */
  readonly resuming: { readonly all: number; readonly open: number }
}

export type TenantStep =
  | { readonly do: 'nothing' }
  /** Others are at it. */
  | {
      readonly do: 'wait'
      readonly step: 'remove-containers' | 'start' | 'stop'
      readonly progress: number
    }
  | { readonly do: 'remove-networks' }
  /** Nothing of it is left on the engine: the rest is rows. */
  | { readonly do: 'erase' }
  /** As wanted. */
  | { readonly do: 'end' }

const OVER: ReadonlySet<ContainerState> = new Set(['stopped', 'exited', 'failed'])
/** On the way to a container that is made to be stopped, which never has a process. */
const BEING_MADE: ReadonlySet<ContainerState> = new Set(['pending', 'pulling', 'creating'])

type Row = { readonly desired: Desired; readonly state: ContainerState }

/** Whether it has been seen that no process of it runs, and none comes by itself. */
export const isDown = ({ desired, state }: Row): boolean =>
  desired !== 'absent' && (OVER.has(state) || (desired === 'stopped' && BEING_MADE.has(state)))

/** Whether the end of a suspension runs it again: what has ended by itself stays so. */
export const isToResume = ({ desired, state }: Row): boolean =>
  desired === 'running' && state !== 'exited' && state !== 'failed'

export function nextTenantStep(facts: TenantFacts): TenantStep {
  const { wanted, containers, networks, resuming } = facts
  if (wanted === null) return { do: 'nothing' }
  if (wanted === 'resumed') return awaited('start', resuming.all, resuming.open)
  if (wanted === 'suspended') return awaited('stop', containers, facts.left)
  // How many there were is not known any more: half of the way is theirs, whatever their number.
  if (containers > 0) {
    return { do: 'wait', step: 'remove-containers', progress: 50 / containers }
  }
  return { do: networks > 0 ? 'remove-networks' : 'erase' }
}

function awaited(step: 'start' | 'stop', all: number, left: number): TenantStep {
  return left === 0 ? { do: 'end' } : { do: 'wait', step, progress: (100 * (all - left)) / all }
}
