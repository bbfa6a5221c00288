import type { MiddlewareHandler } from 'hono'
import { addressGroup, isLoopback } from '../core/address-group.ts'
import type { Caller } from '../core/caller.ts'
import { failure } from '../core/failure.ts'
import { bucketsOf, type Rate, type Taking } from '../core/token-bucket.ts'
import type { Clock } from '../ports/clock.ts'
import type { AppContext, AppEnv } from './shell.ts'

export interface Rates {
  /** Of an address, before anybody knows who asks. */
  readonly address: Rate
  /** Of the machine's own addresses, behind which there can be a proxy with everybody's requests. */
  readonly loopback: Rate
  readonly key: Rate
  readonly tenant: Rate
}

export interface RateDeps {
  readonly clock: Clock
  readonly rates: Rates
  /** Requests a second of one tenant, where it has a limit of its own. */
  readonly rateOf: (tenantId: string) => number | null
}

/** Where a request stands with one of the limits that it counts for. */
export interface Standing extends Rate, Omit<Taking, 'bucket'> {
  readonly policy: 'address' | 'key' | 'tenant'
}

const MOST_BUCKETS = 20_000

/** Limits of requests, by token buckets in memory: nothing here waits for anything. */
export function rateLimits({ clock, rates, rateOf }: RateDeps) {
  const addresses = bucketsOf(MOST_BUCKETS)
  const keys = bucketsOf(MOST_BUCKETS)
  const tenants = bucketsOf(MOST_BUCKETS)

  return {
    /** For everyone, before anything else is looked at. */
    ofAddress(c: AppContext): void {
      const source = c.get('sourceAddress')
      const rate = isLoopback(source) ? rates.loopback : rates.address
      const taking = addresses.take(addressGroup(source), rate, clock.now().getTime())
      counted(c, { policy: 'address', ...rate, ...taking })
    },

    /** Once it is known who asks. */
    ofCaller(c: AppContext, { principal, tenant }: Pick<Caller, 'principal' | 'tenant'>): void {
      const now = clock.now().getTime()
      counted(c, { policy: 'key', ...rates.key, ...keys.take(principal.id, rates.key, now) })
      if (tenant === null) return
      const own = rateOf(tenant.id)
      const rate = own === null ? rates.tenant : ownRate(own, rates.tenant)
      counted(c, { policy: 'tenant', ...rate, ...tenants.take(tenant.id, rate, now) })
    },
  }
}
export type RateLimits = ReturnType<typeof rateLimits>

function counted(c: AppContext, standing: Standing): void {
  c.set('standings', [...(c.get('standings') ?? []), standing])
  const { isTaken, policy, retryAfterSeconds } = standing
  if (isTaken) return
  const message = `Cannot answer now: too many requests of this ${policy}`
  throw failure('rate-limited', message, { policy, retryAfterSeconds })
}

/** Saves up as long as the others do. A limit of nothing still lets one through now and then. */
function ownRate(perSecond: number, { burst, perSecond: usual }: Rate): Rate {
  const bounded = Math.max(perSecond, 0.01)
  return { perSecond: bounded, burst: Math.max(1, Math.ceil((bounded * burst) / usual)) }
}

/** Counts a request for its address, and says in every answer where the client stands. */
export function countRequests(limits: RateLimits): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set('limits', limits)
    limits.ofAddress(c)
    await next()
  }
}

/** draft-ietf-httpapi-ratelimit-headers-10 §3 and §4: each limit by its name. */
export const showStandings: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  const standings = c.get('standings') ?? []
  if (standings.length === 0) return
  const policies = standings.map(
    ({ policy, burst, perSecond }) => `"${policy}";q=${burst};w=${Math.ceil(burst / perSecond)}`,
  )
  const left = standings.map(
    ({ policy, remaining, resetSeconds }) => `"${policy}";r=${remaining};t=${resetSeconds}`,
  )
  c.res.headers.set('ratelimit-policy', policies.join(', '))
  c.res.headers.set('ratelimit', left.join(', '))
}
