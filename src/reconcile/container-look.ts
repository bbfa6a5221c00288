import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { EngineContainer } from '../ports/engine.ts'
import type { StepDeps } from './container-steps.ts'

/** What the engine shows of a container: as far as we know, or asked anew. */
export function containerLook({ engine, known }: Pick<StepDeps, 'engine' | 'known'>) {
  async function again(name: string, signal: AbortSignal): Promise<EngineContainer | undefined> {
    const asked = await engine.inspectContainer(name, signal)
    if (asked) known.put(asked)
    else known.drop(name)
    return asked
  }

  return {
    again,

    /**
     * Asks the engine itself where the view does not say enough to decide. An object of another id under
     * this name is answered as well: it is in the way.
     */
    async at(
      { row }: PlacedContainer,
      name: string,
      signal: AbortSignal,
    ): Promise<EngineContainer | undefined> {
      const named = known.container(name)
      const seen = named?.id === row.id ? named : (known.misnamed(row.id, name) ?? named)
      // A container that is not to be must be seen to be gone before what it holds is given away.
      if (!seen) return row.desired === 'absent' ? again(name, signal) : undefined
      if (seen.id !== row.id) return seen
      if (seen.status === 'running' || seen.status === 'created') return seen
      const settled = row.state === 'exited' || row.state === 'failed' || row.state === 'stopped'
      const unsure = seen.status === 'removing' || (!seen.exit && !settled)
      return unsure ? again(seen.name, signal) : seen
    },
  }
}
