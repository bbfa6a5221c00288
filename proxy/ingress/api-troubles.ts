import type { ApiFront } from '../core/api-front.ts'
import type { App } from '../core/routing.ts'
import type { Trouble } from '../core/http-page.ts'
import { pathOf } from '../core/http-forward.ts'
import type { RequestHead } from '../core/http-request.ts'

/** What the ingress answers in place of the API: problem details (RFC 9457), as the API itself would. */

/** Those that change nothing (RFC 9110 §9.2.1). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * It only asks the API. A control plane that was killed takes connections until the kernel is done with it; whoever only
 * asks waits for the next one.
 */
export const asksApi = (app: App | undefined, { line }: RequestHead): boolean =>
  app?.front !== undefined && SAFE.has(line.method)

/** Nothing of the request has reached the API. */
const NOT_ASKED = new Set(['busy', 'connect-failed', 'starting'])

export function apiTrouble(trouble: Trouble): Trouble {
  if (NOT_ASKED.has(trouble.code)) {
    return {
      status: 503,
      code: 'api-away',
      wrong: 'The API of the platform does not answer at the moment',
      advice: 'Nothing was done: send the request again',
      retryAfterS: 1,
      isProblem: true,
    }
  }
  if (trouble.code === 'invalid-answer') {
    return {
      status: 502,
      code: 'api-lost',
      wrong: 'The API of the platform ended before it had answered',
      advice:
        'What the request wanted may have been done: look first, or repeat it with its Idempotency-Key',
      isProblem: true,
    }
  }
  return { ...trouble, isProblem: true }
}

/** A key that came in clear may have been read on the way, so nothing is done with it. */
export function onlyOverTls({ origin }: ApiFront, head: RequestHead): Trouble {
  return {
    status: 308,
    code: 'tls-only',
    wrong: 'The API of the platform is served over TLS alone',
    advice: `Ask ${origin}`,
    location: `${origin}${pathOf(head)}`,
  }
}
