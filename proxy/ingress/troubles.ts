import type { Trouble } from '../core/http-page.ts'

/** The answers of our own, each with what is wrong and what to do about it. */

const SEND_AGAIN = 'Send the request again'

export function badRequest(status: number, reason: string): Trouble {
  return {
    status,
    code: status === 414 || status === 431 ? 'too-large' : 'bad-request',
    wrong: `The request is not accepted: ${reason}`,
    advice: 'Correct the request and send it again',
  }
}

export function contentTooLarge(): Trouble {
  return {
    status: 413,
    code: 'too-large',
    wrong: 'The content of the request is too large',
    advice: 'Send it in smaller parts',
  }
}

export function slowRequest(): Trouble {
  return {
    status: 408,
    code: 'slow-request',
    wrong: 'The request did not arrive in time',
    advice: SEND_AGAIN,
  }
}

export function tenantBusy(host: string): Trouble {
  return {
    status: 503,
    code: 'busy',
    wrong: `Too many requests are under way to the apps of the tenant of ${host}`,
    advice: SEND_AGAIN,
    retryAfterS: 1,
  }
}

export function misdirected(host: string): Trouble {
  return {
    status: 421,
    code: 'misdirected',
    wrong: `This connection was not made for ${host}`,
    advice: 'Open a connection of its own for that host',
  }
}

export function unknownHost(host: string): Trouble {
  return {
    status: 404,
    code: 'unknown-host',
    wrong: host === '' ? 'The request names no host' : `No app answers at ${host}`,
    advice: 'Check the name of the app and of the tenant, as in <app>.<tenant>.<domain>',
  }
}

export function routeNotServed(host: string): Trouble {
  return {
    status: 503,
    code: 'not-running',
    wrong: `A route of ${host} asks for what this ingress does not do`,
    advice: 'Its owner can look at the policy of the route',
    retryAfterS: 600,
  }
}

type Unavailable = 'not-running' | 'suspended' | 'unhealthy'
const LOOK = 'Its owner can look at its state and its logs and start it'
const REMEDY = {
  'not-running': { advice: LOOK, retryAfterS: 5 },
  unhealthy: { advice: LOOK, retryAfterS: 5 },
  // It takes a person's word to end it.
  suspended: { advice: 'Its owner can ask the operator of the platform', retryAfterS: 600 },
} as const satisfies Record<Unavailable, Pick<Trouble, 'advice' | 'retryAfterS'>>

export function unavailable(
  host: string,
  reason: { readonly code: Unavailable; readonly reason: string },
): Trouble {
  return {
    status: 503,
    code: reason.code,
    wrong: `The app at ${host} cannot answer: ${reason.reason}`,
    ...REMEDY[reason.code],
  }
}

export function stillStarting(host: string): Trouble {
  return {
    status: 503,
    code: 'starting',
    wrong: `The app at ${host} has not come up yet`,
    advice: 'Wait a moment and try again',
    retryAfterS: 1,
  }
}

export function tooBusy(host: string): Trouble {
  return {
    status: 503,
    code: 'busy',
    wrong: `Too many requests wait for the app at ${host} already`,
    advice: 'Wait a moment and try again',
    retryAfterS: 2,
  }
}

export function allBusy(host: string): Trouble {
  return {
    status: 503,
    code: 'busy',
    wrong: `All containers of the app at ${host} have as much to do as they may`,
    advice: 'Wait a moment and try again',
    retryAfterS: 1,
  }
}

export function tooManyConnections(): Trouble {
  return {
    status: 503,
    code: 'busy',
    wrong: 'The ingress has too many open connections',
    advice: 'Wait a moment and try again',
    retryAfterS: 2,
  }
}

export function connectFailed(host: string): Trouble {
  return {
    status: 502,
    code: 'connect-failed',
    wrong: `The app at ${host} takes no connection`,
    advice: 'Its owner can check that it listens on its port on all addresses',
  }
}

export function invalidAnswer(host: string, reason: string): Trouble {
  return {
    status: 502,
    code: 'invalid-answer',
    wrong: `The app at ${host} gave no valid answer: ${reason}`,
    advice: 'Its owner can look at its logs',
  }
}

export function tooSlow(host: string): Trouble {
  return {
    status: 504,
    code: 'timeout',
    wrong: `The app at ${host} did not answer in time`,
    advice: 'Try again, or ask its owner to look at its logs',
  }
}

export function loop(host: string): Trouble {
  return {
    status: 508,
    code: 'loop',
    wrong: `The request to ${host} has passed through this ingress too often`,
    advice: 'Its owner can check where the app sends its requests',
  }
}
