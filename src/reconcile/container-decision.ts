import type { PlacedContainer } from '../../db/queries/containers.ts'
import { nextStep, type Observed, type Step } from '../core/container-plan.ts'
import type { EngineContainer } from '../ports/engine.ts'

/** What comes next for a container, from its row and from what the engine shows of it. */
export const decision = (
  { row }: PlacedContainer,
  seen: EngineContainer | undefined,
  nowMs: number,
): Step => nextStep({ ...row, hasImage: row.imageJson !== null }, observedOf(seen), nowMs)

/** Whether its process runs, as far as we know. */
export const isRunning = ({ status }: EngineContainer): boolean => STATUS[status] === 'running'

function observedOf(seen: EngineContainer | undefined): Observed | undefined {
  if (!seen) return undefined
  const startedAt = seen.exit?.startedAt.getTime() ?? null
  return { status: STATUS[seen.status], startedAt }
}

/** A paused container still runs; one that is being removed can only be waited for. */
const STATUS = {
  created: 'created',
  running: 'running',
  paused: 'running',
  restarting: 'running',
  removing: 'other',
  exited: 'exited',
  dead: 'exited',
} as const satisfies Record<EngineContainer['status'], Observed['status']>
