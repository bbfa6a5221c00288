import { parseCidr, type Cidr } from '../core/cidr.ts'
import { engineAway } from '../core/failure.ts'
import { EngineAway, EngineRefusal, type Engine } from '../ports/engine.ts'

/** Asked within a request, so an engine that hangs must not hold it up for long. */
const RANGES_MS = 5_000

/** Ranges that are somebody's beside the platform: the host's own, and all networks of the engine. */
export const elsewhere =
  (engine: Pick<Engine, 'ranges'>, ofHost: () => readonly Cidr[]) =>
  async (): Promise<readonly Cidr[]> => {
    const ranges = await engine.ranges(AbortSignal.timeout(RANGES_MS)).catch((error: unknown) => {
      // It does not refuse to say what it has; in trouble it says anything.
      const isIll = error instanceof EngineAway || error instanceof EngineRefusal
      throw isIll ? engineAway('look for a free range') : error
    })
    return [...ofHost(), ...ranges.flatMap((text) => parseCidr(text) ?? [])]
  }
export type Elsewhere = ReturnType<typeof elsewhere>
