import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { CRASH_LOOPING, STEADY_RUN_MS } from '../core/container-plan.ts'
import { holdOf } from '../core/effective-desired.ts'
import { failure } from '../core/failure.ts'
import { holdFailure } from '../core/hold-failure.ts'
import { AWAITS_HEALTH, failedWith, type Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'
import { minHealthyMs } from './container-wanted.ts'
import type { Ending } from './operation-notes.ts'
import { holdsNow } from './holds.ts'
import { checkOf } from './routes.ts'

/** An operation that waits for health this long has failed, whatever the edge says or does not say. */
const HEALTH_DEADLINE_MS = 10 * 60_000

type SettlingDeps = Pick<StepDeps, 'store' | 'clock' | 'edge'>

/** Ends the operations of a container that is as desired, as soon as its health is known. */
export function containerSettling({ store, clock, edge }: SettlingDeps, notes: Notes) {
  /** How long it has been up; a clock that was set back says nothing. */
  const upMs = ({ startedAt }: ContainerRow): number =>
    Math.max(0, clock.now().getTime() - (startedAt ?? clock.now().getTime()))

  return async (placed: PlacedContainer): Promise<number | undefined> => {
    const { row } = placed
    const recoversMs = await recovered(row)
    const open = await store.read.operations.openOn(row.id)
    if (open.length === 0) return recoversMs
    const oldest = Math.min(...open.map(({ createdAt }) => createdAt))
    const held = await heldBy(placed)
    const ending = held ?? endingOf(row, clock.now().getTime() - oldest)
    if (ending) {
      await notes.ended(row, ending)
      return recoversMs
    }
    // Every write costs a flush to the disk; what is written down already is not written again.
    if (open.some(({ step }) => step !== AWAITS_HEALTH.step)) {
      await notes.moved(row, {}, AWAITS_HEALTH)
    }
    const steadyMs = steadyInMs(row)
    // What has been up long enough waits for its health, and the edge wakes whoever it is about.
    return steadyMs > 0 ? steadyMs : recoversMs
  }

  /** It is asked to run, and is kept from it still: by another than it was before, perhaps. */
  async function heldBy(placed: PlacedContainer): Promise<Ending | undefined> {
    const { row, tenant } = placed
    if (row.state !== 'stopped' || row.desired !== 'running') return undefined
    const hold = holdOf((await holdsNow(store))(placed))
    if (!hold) return undefined
    const why = holdFailure(hold, { name: row.name, tenant, node: row.nodeId })
    return { state: 'failed', failure: why }
  }

  /** A steady run ends a crash loop; answers in how many ms it will have been one. */
  async function recovered(row: ContainerRow): Promise<number | undefined> {
    if (row.state !== 'running' || row.reasonCode !== CRASH_LOOPING) return undefined
    const leftMs = STEADY_RUN_MS - upMs(row)
    if (leftMs > 0) return leftMs
    await notes.changed(row, { restarts: 0, reasonCode: null, reasonMessage: null })
    return undefined
  }

  function steadyInMs(row: ContainerRow): number {
    return minHealthyMs(row) - upMs(row)
  }

  function endingOf(row: ContainerRow, waitedMs: number): Ending | undefined {
    if (row.state === 'exited' || row.state === 'failed') return endedAs(row)
    if (row.state !== 'running') return { state: 'succeeded' }
    const steady: Ending | undefined = steadyInMs(row) > 0 ? undefined : { state: 'succeeded' }
    if (checkOf(row) === null) return steady
    const report = edge.health(row.id)
    if (report?.run === row.startedRun && report.healthy) return steady
    const why = report?.run === row.startedRun ? report.reason : undefined
    if (why === undefined && waitedMs < HEALTH_DEADLINE_MS) return undefined
    const seconds = Math.round(waitedMs / 1000)
    const message = `Container "${row.name}" runs, but is not healthy: ${why ?? 'no answer'}`
    const facts = { action: 'become healthy', seconds }
    return { state: 'failed', failure: failure('timed-out', message, facts) }
  }
}

function endedAs(row: ContainerRow): Ending {
  if (row.exitCode === 0) return { state: 'succeeded' }
  const { reasonCode, reasonMessage } = row
  const reason = { code: reasonCode ?? 'exited', message: reasonMessage ?? '' }
  return failedWith(row, row.exitCode, reason)
}
