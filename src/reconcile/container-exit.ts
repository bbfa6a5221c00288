import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { backoffMs, STEADY_RUN_MS } from '../core/container-plan.ts'
import type { EngineContainer } from '../ports/engine.ts'
import { failedWith, type Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'
import { exitReason } from './exit-reason.ts'

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
    const reason = await reasonOf(row, { seen, ranMs }, signal)
    const again = isRestarted(row, exitCode)
    // After a run of some length this is the first failure again.
    const restarts = ranMs >= STEADY_RUN_MS ? 0 : row.restarts
    const change: Partial<ContainerRow> = {
      exitCode,
      finishedAt,
      restarts,
      reasonCode: reason.code,
      reasonMessage: reason.message,
      state: again ? 'restarting' : 'exited',
      retryAt: again ? now() + backoffMs(restarts) : null,
    }
    const facts = { container: row.id, tenant, exitCode, reason: reason.code, again }
    deps.log('info', 'Container ended', facts)
    const ending =
      exitCode === 0 ? ({ state: 'succeeded' } as const) : failedWith(row, exitCode, reason)
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

function isRestarted({ specJson }: ContainerRow, exitCode: number | null): boolean {
  // Written by the container service alone, from a parsed spec.
  const spec: { readonly restart: 'no' | 'on-failure' | 'always' } = JSON.parse(specJson)
  return spec.restart === 'always' || (spec.restart === 'on-failure' && exitCode !== 0)
}
