import type { ContainerRow } from '../../db/queries/containers.ts'
import { ROOT_REFUSAL_MS, speaksOfReadOnlyRoot } from '../core/container-shape.ts'
import { EngineRefusal, type EngineContainer } from '../ports/engine.ts'
import type { StepDeps } from './container-steps.ts'

/** Enough to find the sentence that a process dies with. */
const LOG_TAIL = 20

interface Reason {
  readonly code: string
  readonly message: string
}

/** Why a process has ended, for people. */
export function exitReason({ engine }: Pick<StepDeps, 'engine'>) {
  /** None where the engine has no log to give: the reason is a matter of good will. */
  async function lastLines(name: string, signal: AbortSignal): Promise<string[]> {
    const lines: string[] = []
    const wanted = { tail: LOG_TAIL, follow: false, streams: ['stdout', 'stderr'] } as const
    try {
      for await (const { line } of engine.logs(name, wanted, signal)) lines.push(line)
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
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
    if (row.policy === 'restricted' && ranMs < ROOT_REFUSAL_MS) {
      const lines = await lastLines(seen.name, signal)
      if (speaksOfReadOnlyRoot(lines)) return ROOT_READ_ONLY
    }
    const words = exit.error === '' ? '' : `: ${exit.error}`
    return { code: 'exited', message: `The process has ended with code ${exit.exitCode}${words}` }
  }
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
