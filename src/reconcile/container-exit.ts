import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { backoffMs, STEADY_RUN_MS } from '../core/container-plan.ts'
import { ROOT_REFUSAL_MS, speaksOfReadOnlyRoot } from '../core/container-shape.ts'
import { EngineRefusal, type EngineContainer } from '../ports/engine.ts'
import { failedWith, type Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'

/** Enough to find the sentence that a process dies with. */
const LOG_TAIL = 20

interface Reason {
  readonly code: string
  readonly message: string
}

/** What follows when a process has ended by itself: a reason, and a new run if the policy says so. */
export function containerExit(deps: StepDeps, notes: Notes) {
  const now = (): number => deps.clock.now().getTime()

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

  async function reasonOf(
    row: ContainerRow,
    { seen, ranMs }: { readonly seen: EngineContainer | undefined; readonly ranMs: number },
    signal: AbortSignal,
  ): Promise<Reason> {
    const exit = seen?.exit
    if (!exit) return { code: 'exited', message: 'The process has ended' }
    if (exit.oomKilled) return outOfMemory(row)
    if (exit.exitCode === 0) {
      return { code: 'completed', message: 'The process has ended with code 0' }
    }
    if (row.policy === 'restricted' && ranMs < ROOT_REFUSAL_MS) {
      const lines = await lastLines(seen.name, signal)
      if (speaksOfReadOnlyRoot(lines)) return ROOT_READ_ONLY
    }
    const words = exit.error === '' ? '' : `: ${exit.error}`
    return { code: 'exited', message: `The process has ended with code ${exit.exitCode}${words}` }
  }

  /** None where the engine has no log to give: the reason is a matter of good will. */
  async function lastLines(name: string, signal: AbortSignal): Promise<string[]> {
    const lines: string[] = []
    const wanted = { tail: LOG_TAIL, follow: false, streams: ['stdout', 'stderr'] } as const
    try {
      for await (const { line } of deps.engine.logs(name, wanted, signal)) lines.push(line)
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
    }
    return lines
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

const outOfMemory = ({ memoryBytes }: ContainerRow): Reason => ({
  code: 'out-of-memory',
  message: `The process used more than its ${memoryBytes} bytes of memory; give it more with "memoryBytes"`,
})

const ROOT_READ_ONLY: Reason = {
  code: 'root-read-only',
  message:
    'The process could not write to its root, which the policy "restricted" makes read-only; write to /tmp or /run, or create it with "policy": "baseline" where the tenant allows it',
}
