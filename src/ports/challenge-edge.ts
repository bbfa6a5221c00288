import type { Challenge } from '../../proxy/core/challenges.ts'

/** Has the ingress show a public authority that hosts are ours. */
export interface ChallengeEdge {
  /**
   * In place of what was shown before, also by each worker that comes up later. Comes back once every worker that is
   * there shows it; throws when that has not happened at the end of the signal.
   */
  challenge(challenges: readonly Challenge[], signal: AbortSignal): Promise<void>
}
