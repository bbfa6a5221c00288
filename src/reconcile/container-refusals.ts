import type { Step } from '../core/container-plan.ts'
import { EngineRefusal } from '../ports/engine.ts'
import type { StepAt, StepDeps } from './container-steps.ts'

const SERVER_ERROR = 500
/** An engine in trouble says no to what is fine; so often it is asked before its word is final. */
const TROUBLES_MOST = 3
/**
 * An engine that is about to end refuses a start by what it has half taken down ("endpoint already exists",
 * 403), and takes it when it is back. So often it is asked, later and later: longer than the 15 s that an
 * engine takes to end.
 */
const ENDING: ReadonlySet<number> = new Set([403, 409])
const ENDINGS_MOST = 7
const STARTS: ReadonlySet<Step['do']> = new Set(['begin-run', 'start'])

interface Refused {
  readonly step: Step
  readonly at: StepAt
  readonly error: unknown
}

/** Which refusals of the engine are worth another try, and how often in a row, by container. */
export function engineRefusals({ engine, known }: StepDeps) {
  const refused = new Map<string, number>()
  const madeAnew = new Set<string>()

  function isWithin(most: number, id: string): boolean {
    const times = (refused.get(id) ?? 0) + 1
    if (times < most) refused.set(id, times)
    else refused.delete(id)
    return times < most
  }

  /**
   * An engine that was killed can keep a task ("already exists", 500) of a container that never ran, and
   * then starts it no more. Such a container has nothing to lose: it is removed, once, and the next look
   * makes it anew.
   */
  async function clear({ placed, name, seen }: StepAt, signal: AbortSignal): Promise<boolean> {
    const { id } = placed.row
    if (seen?.status !== 'created' || madeAnew.has(id)) return false
    madeAnew.add(id)
    await engine.removeContainer(name, signal)
    known.drop(name)
    return true
  }

  return {
    /** The engine has taken it. */
    taken: (id: string): void => void refused.delete(id),

    /** What an engine refused before it ended says nothing of the one that is there now. */
    forgive: (): void => refused.clear(),

    forget(id: string): void {
      refused.delete(id)
      madeAnew.delete(id)
    },

    /** Whether the step may come to be taken after all. */
    async mayPass({ step, at, error }: Refused, signal: AbortSignal): Promise<boolean> {
      if (!(error instanceof EngineRefusal)) return false
      const { id } = at.placed.row
      if (error.status >= SERVER_ERROR) {
        return isWithin(TROUBLES_MOST, id) || clear(at, signal)
      }
      return STARTS.has(step.do) && ENDING.has(error.status) && isWithin(ENDINGS_MOST, id)
    },
  }
}
