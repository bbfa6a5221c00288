import type { Caller } from '../core/caller.ts'
import { failure } from '../core/failure.ts'
import { sessionToken } from './session-cookie.ts'
import type { AppContext } from './shell.ts'

/** RFC 6750 §2.1. A token is never taken from the query: addresses end up in logs and histories. */
const BEARER = /^Bearer ([\w.~+/=-]{1,8192})$/i

/** Believes a token that came from this address, or throws `invalid-token`. */
export type Authenticate = (token: string, from: string) => Promise<Caller>

export const bearer =
  (authenticate: Authenticate, secureCookies: boolean) =>
  async (c: AppContext): Promise<Caller> => {
    const authorization = c.req.header('authorization')
    const session = authorization === undefined ? sessionToken(c, secureCookies) : undefined
    if (session !== undefined) return authenticate(session, c.get('sourceAddress'))
    if (authorization === undefined) throw refused('send it as "Authorization: Bearer <token>"')
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined) throw refused('the header is not "Authorization: Bearer <token>"')
    return authenticate(token, c.get('sourceAddress'))
  }

const refused = (hint: string) => failure('invalid-token', 'Cannot accept the token', { hint })
