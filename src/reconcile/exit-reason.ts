import type { ContainerRow } from '../../db/queries/containers.ts'
import { SOON_MS, speaksOfReadOnlyRoot } from '../core/container-shape.ts'
import { EngineAway, EngineRefusal, type EngineContainer } from '../ports/engine.ts'
import type { StepDeps } from './container-steps.ts'
import { within } from './deadline.ts'

/** Enough to find the sentence that a process dies with. */
const LOG_TAIL = 20
/** An engine that has a log gives its last lines at once. */
const LOG_MS = 5_000
const LAST_LINE_MOST = 200

export interface Reason {
  readonly code: string
  readonly message: string
}

/** Why a process has ended, for people. */
export function exitReason({ engine, timers }: Pick<StepDeps, 'engine' | 'timers'>) {
  /** None where the engine has no log to give: the reason is a matter of good will. */
  async function lastLines(name: string, signal: AbortSignal): Promise<string[]> {
    const lines: string[] = []
    const wanted = { tail: LOG_TAIL, follow: false, streams: ['stdout', 'stderr'] } as const
    try {
      await within({ timers, ms: LOG_MS, signal }, async (soon) => {
        for await (const { line } of engine.logs(name, wanted, soon)) lines.push(line)
      })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof EngineRefusal || error instanceof EngineAway)) throw error
    }
    return lines
  }

  return async (
    row: ContainerRow,
    { seen, ranMs }: { readonly seen: EngineContainer | undefined; readonly ranMs: number },
    signal: AbortSignal,
  ): Promise<Reason> => {
    const exit = seen?.exit
    if (!exit) return { code: 'exited', message: 'The process has ended' }
    if (exit.oomKilled) return outOfMemory(row)
    if (exit.exitCode === 0) {
      return { code: 'completed', message: 'The process has ended with code 0' }
    }
    const lines = ranMs < SOON_MS ? await lastLines(seen.name, signal) : []
    if (row.policy === 'restricted' && speaksOfReadOnlyRoot(lines)) return ROOT_READ_ONLY
    const words = exit.error === '' ? lastWords(lines) : `: ${exit.error}`
    return { code: 'exited', message: `The process has ended with code ${exit.exitCode}${words}` }
  }
}

/** What it said last, as the tenant's own log has it. */
function lastWords(lines: readonly string[]): string {
  const last = lines.findLast((line) => line.trim() !== '')?.trim()
  return last === undefined ? '' : `, and said last: ${last.slice(0, LAST_LINE_MOST)}`
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
