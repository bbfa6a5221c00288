import type { Trouble } from '../core/http-page.ts'
import type { IngressLimits } from './limits.ts'
import * as troubles from './troubles.ts'

/** How far a request is that a member has been asked. */
interface Progress {
  /** Since anything has moved. */
  readonly stillMs: number
  readonly host: string
  readonly isApi: boolean
  readonly isRequestDone: boolean
  /** The member takes no more of the request for now. */
  readonly isUpstreamFull: boolean
}

/** What there is to say of one that has no answer yet; null: it still has time. */
export function lateAnswer(limits: IngressLimits, progress: Progress): Trouble | null {
  const { stillMs, host, isApi, isRequestDone, isUpstreamFull } = progress
  if (isRequestDone) {
    const { apiResponseHeadMs, responseHeadMs } = limits
    return stillMs > (isApi ? apiResponseHeadMs : responseHeadMs) ? troubles.tooSlow(host) : null
  }
  if (isUpstreamFull) return stillMs > limits.writeStallMs ? troubles.tooSlow(host) : null
  return stillMs > limits.bodyGapMs ? troubles.slowRequest() : null
}
