import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { afterExit, CRASH_LOOPING } from '../core/container-plan.ts'
import type { EngineContainer } from '../ports/engine.ts'
import { failedWith, type Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'
import { minHealthyMs, specOf } from './container-wanted.ts'
import { exitReason, type Reason } from './exit-reason.ts'

/** What follows when a process has ended by itself: a reason, and a new run if the policy says so. */
export function containerExit(deps: StepDeps, notes: Notes) {
  const now = (): number => deps.clock.now().getTime()
  const reasonOf = exitReason(deps)

  async function exited(
    { row, tenant }: PlacedContainer,
    seen: EngineContainer | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const exit = seen?.exit
    const exitCode = exit?.exitCode ?? null
    const finishedAt = exit?.finishedAt.getTime() ?? now()
    const ranMs = finishedAt - (exit?.startedAt.getTime() ?? finishedAt)
    const spec = specOf(row)
    const what = await reasonOf(row, { seen, ranMs }, signal)
    const after = afterExit(spec, { exitCode, ranMs, restarts: row.restarts })
    const again = after.next === 'again'
    const reason = again && after.isLooping ? looping(what, after.restarts) : what
    const change: Partial<ContainerRow> = {
      exitCode,
      finishedAt,
      restarts: after.restarts,
      reasonCode: reason.code,
      reasonMessage: reason.message,
      state: again ? 'restarting' : 'exited',
      retryAt: again ? now() + after.waitMs : null,
      ...(after.next === 'give-up' && givenUp(what, after.restarts)),
    }
    const facts = { container: row.id, tenant, exitCode, reason: reason.code, next: after.next }
    deps.log('info', 'Container ended', facts)
    const isDone = exitCode === 0 && (!again || ranMs >= minHealthyMs(row))
    const ending = isDone ? ({ state: 'succeeded' } as const) : failedWith(row, exitCode, reason)
    await notes.changed(row, change, ending)
    deps.passing('exit-noted')
  }

  async function nextRun({ row }: PlacedContainer): Promise<void> {
    const restarts = row.restarts + 1
    await notes.changed(row, { run: row.run + 1, restarts, state: 'starting', retryAt: null })
    deps.passing('next-run')
  }

  return { exited, nextRun }
}

const looping = ({ message }: Reason, restarts: number): Reason => ({
  code: CRASH_LOOPING,
  message: `It ends soon after each start, ${restarts + 1} times in a row: ${message}`,
})

const givenUp = ({ message }: Reason, restarts: number): Partial<ContainerRow> => ({
  state: 'failed',
  reasonCode: 'restarts-exhausted',
  reasonMessage: `It was started anew ${restarts} times in a row, as often as it may: ${message}`,
})
