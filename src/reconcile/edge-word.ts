import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { StepDeps } from './container-steps.ts'
import { within } from './deadline.ts'

/** How long an edge that is up may take to say that it serves a table. */
const ACKNOWLEDGE_MS = 5_000

type WordDeps = Pick<StepDeps, 'publisher' | 'edge' | 'timers' | 'log'>

/** Has the edge say that it knows what the database says now. */
export function edgeWord({ publisher, edge, timers, log }: WordDeps) {
  async function told(signal: AbortSignal): Promise<void> {
    const version = await publisher.publish()
    await within({ timers, ms: ACKNOWLEDGE_MS, signal }, (patience) =>
      edge.acknowledged(version, patience),
    )
  }

  /** An edge that is away cannot hold up a stop: it sends nothing either. */
  async function withdrawn({ row }: PlacedContainer, signal: AbortSignal): Promise<void> {
    try {
      await told(signal)
    } catch (error) {
      signal.throwIfAborted()
      const facts = { container: row.id, error }
      log('warn', 'The edge has not confirmed that a container is out', facts)
    }
  }

  return { told, withdrawn }
}
