import type { PlacedContainer } from '../../db/queries/containers.ts'
import { nextStep, type Observed, type Step } from '../core/container-plan.ts'
import { effectiveDesired, holdOf, type Holds } from '../core/effective-desired.ts'
import { dockerName } from '../core/docker-names.ts'
import { marksDiffer } from '../core/spec-mark.ts'
import { isResizing } from '../core/resize.ts'
import type { EngineContainer } from '../ports/engine.ts'
import { markOf } from './container-wanted.ts'

/** What comes next for a container, from its row and from what the engine shows of it. */
export const decision = (
  placed: PlacedContainer,
  seen: EngineContainer | undefined,
  { nowMs, holds }: { readonly nowMs: number; readonly holds: Holds },
): Step => {
  const { row } = placed
  const intent = {
    ...row,
    desired: effectiveDesired({ desired: row.desired, ...holds }),
    saysHold: row.reasonCode === holdOf(holds),
    hasImage: row.imageJson !== null,
    isResizing: isResizing(row),
    isJoining: row.joiningSince !== null,
  }
  return nextStep(intent, observedOf(placed, seen), nowMs)
}

/** Whether its process runs, as far as we know. */
export const isRunning = ({ status }: EngineContainer): boolean => STATUS[status] === 'running'

/** What is in the way under its name, and is another's, is waited for: that one's own turn renames it. */
function observedOf(
  placed: PlacedContainer,
  seen: EngineContainer | undefined,
): Observed | undefined {
  const { row } = placed
  if (!seen || (seen.id !== row.id && row.desired === 'absent')) return undefined
  if (seen.id !== row.id) return { status: 'other', startedAt: null, wrong: null }
  const startedAt = seen.exit?.startedAt.getTime() ?? null
  return { status: STATUS[seen.status], startedAt, wrong: wrongOf(placed, seen) }
}

function wrongOf(placed: PlacedContainer, seen: EngineContainer): Observed['wrong'] {
  const { row, tenant } = placed
  if (seen.name !== dockerName(tenant, 'container', row.id)) return 'name'
  // The spec is what is written down, and a row is the same for as long as nobody writes to it.
  const isOther = row.specGeneration !== seen.generation || marksDiffer(seen.spec, markOf(placed))
  return isOther ? 'spec' : null
}

/** One that is being removed can only be waited for. */
const STATUS = {
  created: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'running',
  removing: 'other',
  exited: 'exited',
  dead: 'exited',
} as const satisfies Record<EngineContainer['status'], Observed['status']>
