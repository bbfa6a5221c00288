import type { Trouble } from '../core/http-page.ts'
import type { Member } from '../core/route-table.ts'
import type { App } from '../core/routing.ts'
import type { IngressLimits } from './limits.ts'
import * as troubles from './troubles.ts'

/** How far a request is that a member has been asked. */
interface Progress {
  /** Since anything has moved. */
  readonly stillMs: number
  readonly app: App | undefined
  readonly member: Member | undefined
  /** The member takes no more of the request for now. */
  readonly isUpstreamFull: boolean
}

interface Asked {
  readonly host: string
  readonly isRequestDone: boolean
}

/** What there is to say of one that has no answer yet; null: it still has time. */
export function lateAnswer(
  limits: IngressLimits,
  { host, isRequestDone }: Asked,
  { stillMs, app, member, isUpstreamFull }: Progress,
): Trouble | null {
  if (isRequestDone) {
    const { apiResponseHeadMs, responseHeadMs } = limits
    const usualMs = app?.front === undefined ? responseHeadMs : apiResponseHeadMs
    const headMs = app?.rules?.policy.timeouts?.responseHeadMs ?? usualMs
    return stillMs > headMs ? troubles.tooSlow(host) : null
  }
  if (isUpstreamFull) return stillMs > limits.writeStallMs ? troubles.tooSlow(host) : null
  // In gRPC both sides speak when they like, and may be silent for long.
  const gapMs = member?.protocol === 'h2c' ? limits.responseGapMs : limits.bodyGapMs
  return stillMs > gapMs ? troubles.slowRequest() : null
}
