import { engineAway, wrongField } from '../core/failure.ts'
import { EngineAway, type Engine } from '../ports/engine.ts'

/** Asked within a request, so an engine that hangs must not hold it up for long. */
const FACTS_MS = 5_000

/**
 * Refuses the runtime `sandboxed` where the engine has none: better now than as a container that
 * cannot be made. Asked of the engine each time, since an operator can add one at any time.
 */
export const sandboxCheck =
  (engine: Pick<Engine, 'facts'>) =>
  async (runtime: 'default' | 'sandboxed' | undefined): Promise<void> => {
    if (runtime !== 'sandboxed') return
    const facts = await engine.facts(AbortSignal.timeout(FACTS_MS)).catch((error: unknown) => {
      throw error instanceof EngineAway ? engineAway('look for its runtimes') : error
    })
    if (facts.sandbox) return
    throw wrongField('#/runtime', 'the engine has no sandbox; its operator can add gVisor (runsc)')
  }
export type SandboxCheck = ReturnType<typeof sandboxCheck>
