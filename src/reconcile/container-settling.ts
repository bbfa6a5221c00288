import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { failure } from '../core/failure.ts'
import { AWAITS_HEALTH, failedWith, type Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'
import type { Ending } from './operation-notes.ts'
import { checkOf } from './routes.ts'

/** An operation that waits for health this long has failed, whatever the edge says or does not say. */
const HEALTH_DEADLINE_MS = 10 * 60_000

type SettlingDeps = Pick<StepDeps, 'store' | 'clock' | 'edge'>

/** Ends the operations of a container that is as desired, as soon as its health is known. */
export function containerSettling({ store, clock, edge }: SettlingDeps, notes: Notes) {
  return async ({ row }: PlacedContainer): Promise<void> => {
    const open = await store.read.operations.openOn(row.id)
    if (open.length === 0) return
    const oldest = Math.min(...open.map(({ createdAt }) => createdAt))
    const ending = endingOf(row, clock.now().getTime() - oldest)
    if (ending) await notes.ended(row, ending)
    // Every write costs a flush to the disk; what is written down already is not written again.
    else if (open.some(({ step }) => step !== AWAITS_HEALTH.step)) {
      await notes.moved(row, {}, AWAITS_HEALTH)
    }
  }

  function endingOf(row: ContainerRow, waitedMs: number): Ending | undefined {
    if (row.state === 'exited' || row.state === 'failed') return endedAs(row)
    if (row.state !== 'running' || checkOf(row) === null) return { state: 'succeeded' }
    const report = edge.health(row.id)
    if (report?.run === row.startedRun && report.healthy) return { state: 'succeeded' }
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
