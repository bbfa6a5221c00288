import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import { sameOrigin } from './websocket.ts'
import { failure } from '../core/failure.ts'
import type { AppContext } from './shell.ts'

/** The session of a person's browser. With TLS no other host, and no page without TLS, can set it. */
const PLAIN = 'cloudlet'
const SECURE = '__Host-cloudlet'
/** What a sign-in has begun with; it comes back from the provider's page, hence not `Strict`. */
const PLAIN_PENDING = 'cloudlet-sign-in'
const SECURE_PENDING = '__Host-cloudlet-sign-in'

/** A header that no form and no image can send, and no page of another origin without our leave. */
export const COOKIE_HEADER = 'x-cloudlet-client'

const base = (isSecure: boolean): CookieOptions => ({ httpOnly: true, secure: isSecure, path: '/' })

export function keepSession(
  c: AppContext,
  token: string,
  { isSecure, maxAgeSeconds }: { readonly isSecure: boolean; readonly maxAgeSeconds: number },
): void {
  const options = { ...base(isSecure), sameSite: 'Strict', maxAge: maxAgeSeconds } as const
  setCookie(c, isSecure ? SECURE : PLAIN, token, options)
}

const pendingName = (isSecure: boolean): string => (isSecure ? SECURE_PENDING : PLAIN_PENDING)

/** Another host could have planted the plain one, and with it a sign-in as somebody else. */
export const pendingOf = (c: AppContext, isSecure: boolean): string | undefined =>
  getCookie(c, pendingName(isSecure))

export function keepPending(c: AppContext, sealed: string, isSecure: boolean): void {
  const options = { ...base(isSecure), sameSite: 'Lax', maxAge: 600 } as const
  setCookie(c, pendingName(isSecure), sealed, options)
}

export const forgetPending = (c: AppContext, isSecure: boolean): unknown =>
  deleteCookie(c, pendingName(isSecure), base(isSecure))

/**
 * The token of a browser's session. The cookie goes along with whatever request any page makes, so it
 * counts only beside the header, and from a page of our own: a tenant's app is of the same site.
 */
export function sessionToken(c: AppContext, isSecure: boolean): string | undefined {
  // Any page below our host's name could have set the plain one, and so its own session.
  const token = getCookie(c, isSecure ? SECURE : PLAIN)
  if (token === undefined) return undefined
  if (c.req.header(COOKIE_HEADER) === undefined) {
    throw refused(`a session in a cookie needs the header ${COOKIE_HEADER}`)
  }
  const origin = c.req.header('origin')
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  // A browser names no origin when a page reads from its own.
  if (origin === undefined && isRead) return token
  if (origin !== undefined && sameOrigin(origin, c.req.header('host') ?? '')) return token
  throw refused('a session in a cookie is for pages of the platform alone')
}

const refused = (hint: string) => failure('invalid-token', 'Cannot accept the token', { hint })
