import { EngineRefusal } from '../ports/engine.ts'
import type { StepAt, StepDeps } from './container-steps.ts'

const SERVER_ERROR = 500

/**
 * An engine that was killed can keep a task of a container that never ran, and then starts it no more.
 * Such a container has nothing to lose: it is removed, once, and the next look makes it anew.
 */
export function containerClearing({ engine, known }: StepDeps) {
  const cleared = new Set<string>()
  return {
    forget: (id: string): void => void cleared.delete(id),

    async isCleared(at: StepAt, error: unknown, signal: AbortSignal): Promise<boolean> {
      const { id } = at.placed.row
      const isMuddle = error instanceof EngineRefusal && error.status >= SERVER_ERROR
      if (!isMuddle || at.seen?.status !== 'created' || cleared.has(id)) return false
      cleared.add(id)
      await engine.removeContainer(at.name, signal)
      known.drop(at.name)
      return true
    },
  }
}
