import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './shell.ts'

const REQUEST_HEADERS =
  'authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, x-request-id'
const ANSWER_HEADERS =
  'etag, idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, x-request-id'
/** A browser asks again after this; Chromium does after two hours whatever it is told. */
const PREFLIGHT_SECONDS = 3600

/**
 * Lets pages of these origins read answers (Fetch §3.2), and no other page. Never with
 * credentials: a key is in a header that no page sends unasked, and the session in a cookie counts only for
 * pages of the API's own origin.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const allowed = new Set(origins)
  return async (c, next) => {
    if (allowed.size === 0) return next()
    const origin = c.req.header('origin') ?? ''
    await next()
    const { headers } = c.res
    headers.append('vary', 'origin')
    if (!allowed.has(origin)) return
    headers.set('access-control-allow-origin', origin)
    headers.set('access-control-expose-headers', ANSWER_HEADERS)
    headers.set('cross-origin-resource-policy', 'cross-origin')
    const isPreflight =
      c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined
    if (!isPreflight) return
    headers.set('access-control-allow-methods', headers.get('allow') ?? '')
    headers.set('access-control-allow-headers', REQUEST_HEADERS)
    headers.set('access-control-max-age', String(PREFLIGHT_SECONDS))
  }
}
