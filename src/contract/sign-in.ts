import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Slug, Timestamp } from './names.ts'

/** A browser goes here; see `routes/sign-in.ts`. */
export const LOGIN_PATH = '/v1/auth/login'
export const CALLBACK_PATH = '/v1/auth/callback'

/** A working day; then the identity provider is asked again. */
export const SESSION_SECONDS = 8 * 60 * 60

/** BASE64URL of a SHA-256, as in PKCE (RFC 7636 §4.2). */
const Challenge = z.string().regex(/^[\w-]{43}$/)
const Opaque = z.string().regex(/^[\w-]{16,128}$/)

/** Where people of the platform want to, who may belong to tenants as well. No slug looks like it. */
export const PLATFORM_PLACE = '*'

/** What `/v1/auth/login` can be asked: without anything it is for a browser. */
export const LoginQuery = z.strictObject({
  tenant: z
    .union([z.literal(PLATFORM_PLACE), Slug])
    .optional()
    .describe('For who belongs to several; `*` is the platform'),
  port: z.coerce
    .number()
    .int()
    .min(1024)
    .max(65_535)
    .optional()
    .describe('Where a command line listens on 127.0.0.1 (RFC 8252 §7.3)'),
  challenge: Challenge.optional(),
  state: Opaque.optional(),
})
export type LoginQuery = z.infer<typeof LoginQuery>

export const SignedIn = z
  .object({
    apiKey: z.string().describe('Token of the session: send it as `Authorization: Bearer`'),
    expiresAt: Timestamp,
  })
  .meta({ id: 'SignedIn' })
export type SignedIn = z.infer<typeof SignedIn>

export const exchangeCode = endpoint({
  id: 'auth.exchange',
  method: 'post',
  path: '/v1/auth/token',
  summary: 'Take the session that a sign-in in the browser has begun for a command line',
  permission: 'public',
  body: z
    .strictObject({ code: Opaque, verifier: z.string().regex(/^[\w.~-]{43,128}$/) })
    .meta({ id: 'CodeExchange' }),
  kind: 'answer',
  secret: true,
  status: 200,
  response: SignedIn,
  failures: ['sign-in-refused'],
})

export const logout = endpoint({
  id: 'auth.logout',
  method: 'post',
  path: '/v1/auth/logout',
  summary: 'End the session that asks',
  permission: 'signed-in',
  kind: 'answer',
  status: 200,
  response: z.object({ ended: z.literal(true) }),
  failures: ['state-conflict'],
})
