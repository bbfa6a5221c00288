import { ipRange, isTextWithin, type IpRange } from '../../src/core/ip-address.ts'
import { httpsOrigin } from '../../src/core/https-origin.ts'
import { pathOf } from './http-forward.ts'
import type { Trouble } from './http-page.ts'
import type { RequestHead } from './http-request.ts'
import { comparedPath } from './compared-path.ts'
import { preflight } from './route-cors.ts'
import type { PathChange, Redirect, Route, RoutePolicy } from './route.ts'

/** What is done with the requests of a route, compiled once for each table. */
export interface RouteRules {
  readonly id: string
  readonly policy: RoutePolicy
  /** The path that the route takes, as it was written. */
  readonly prefix: string
  /** Null: whoever asks is answered. */
  readonly allow: readonly IpRange[] | null
  /** All that the policy asks for is done; a route of which something would be left undone answers nobody. */
  readonly isObeyed: boolean
}

const OBEYED: ReadonlySet<string> = new Set([
  'allow',
  'balance',
  'bodyBytes',
  'cors',
  'https',
  'maintenance',
  'rate',
  'redirect',
  'requestHeaders',
  'responseHeaders',
  'rewrite',
  'timeouts',
] satisfies (keyof RoutePolicy)[])

export function rulesOf({ id, match, policy }: Route): RouteRules {
  const ranges = policy.allow?.map(ipRange)
  const areRead = ranges?.every((one) => one !== null) ?? true
  const isTimely = policy.timeouts?.requestMs === undefined
  return {
    id,
    policy,
    prefix: match.pathPrefix,
    allow: ranges === undefined ? null : ranges.filter((one) => one !== null),
    isObeyed: areRead && isTimely && Object.keys(policy).every((name) => OBEYED.has(name)),
  }
}

interface Asked {
  readonly head: RequestHead
  readonly sender: { readonly peer: string; readonly scheme: 'http' | 'https' }
}

interface Means {
  /** Where TLS is listened for; null: nowhere here, so by whoever is in front. */
  readonly securePort: number | null
  /** Takes one of the client's share of requests; answers after how many seconds there is one, 0: now. */
  readonly take: () => number
}

/**
 * What the route itself answers, in the order of `RoutePolicy`: a page, or a whole answer in latin1. Null: the request
 * goes on to its app.
 */
export function answerOf(
  { policy, allow, prefix }: RouteRules,
  { head, sender }: Asked,
  { securePort, take }: Means,
): Trouble | string | null {
  const { maintenance, https, rate, cors, redirect } = policy
  if (maintenance !== undefined) return underMaintenance(maintenance)
  if (https !== undefined && sender.scheme !== 'https') {
    return onlyOverTls(head, securePort ?? 443)
  }
  if (allow !== null && !isTextWithin(allow, sender.peer)) return forbidden(head.meaning.host)
  const waitS = rate === undefined ? 0 : take()
  if (waitS > 0) return tooOften(head.meaning.host, waitS)
  const asked = cors === undefined ? null : preflight(cors, head)
  if (asked !== null) return asked
  return redirect === undefined ? null : moved(head, { redirect, prefix, scheme: sender.scheme })
}

function underMaintenance({
  message,
  retryAfterSeconds,
}: NonNullable<RoutePolicy['maintenance']>): Trouble {
  return {
    status: 503,
    code: 'maintenance',
    wrong: message.replace(/[.\s]+$/, ''),
    advice: 'Come back later',
    retryAfterS: retryAfterSeconds,
  }
}

function onlyOverTls(head: RequestHead, port: number): Trouble {
  const location = httpsOrigin(head.meaning.host, port) + pathOf(head)
  return {
    status: 308,
    code: 'tls-only',
    wrong: `${head.meaning.host} is served over TLS alone`,
    advice: `Ask ${location}`,
    location,
  }
}

function forbidden(host: string): Trouble {
  return {
    status: 403,
    code: 'forbidden',
    wrong: `${host} does not answer the address that you ask from`,
    advice: 'Ask from one that it answers, or have its owner add yours',
  }
}

function tooOften(host: string, seconds: number): Trouble {
  return {
    status: 429,
    code: 'rate-limited',
    wrong: `Too many requests to ${host} came from your address`,
    advice: 'Send fewer of them',
    retryAfterS: seconds,
  }
}

interface Moving {
  readonly redirect: Redirect
  readonly prefix: string
  readonly scheme: 'http' | 'https'
}

/** A port stays as long as neither scheme nor host is another one. */
function moved(head: RequestHead, { redirect, prefix, scheme }: Moving): Trouble {
  const { status, host, path } = redirect
  const { meaning } = head
  const to = redirect.scheme ?? scheme
  const authority = host ?? (to === scheme ? meaning.authority : meaning.host)
  const asked = pathOf(head)
  const target = path === undefined ? asked : changedTarget(asked, path, prefix)
  const location = `${to}://${authority}${target}`
  return {
    status,
    code: 'moved',
    wrong: `What was asked for is at ${location}`,
    advice: 'Ask there',
    location,
  }
}

/** The target with another path; its query stays. */
export function changedTarget(target: string, { kind, value }: PathChange, prefix: string): string {
  const cut = target.indexOf('?')
  const path = cut < 0 ? target : target.slice(0, cut)
  const query = cut < 0 ? '' : target.slice(cut)
  if (kind === 'full') return value + query
  const before = value.endsWith('/') ? value.slice(0, -1) : value
  return (before + below(path, prefix) || '/') + query
}

const DOT_SEGMENT = /\/(\.|%2e){1,2}(\/|$)/i

/**
 * What of a path comes after the prefix, which it may have been written otherwise than. Dot segments are resolved
 * first: behind another prefix they could lead out of it.
 */
function below(path: string, prefix: string): string {
  const own = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  const isBelow = path === own || path.startsWith(`${own}/`)
  if (isBelow && !DOT_SEGMENT.test(path)) return path.slice(own.length)
  const compared = comparedPath(own) ?? own
  return (comparedPath(path) ?? path).slice(compared.length)
}
