import type { Caller } from '../core/caller.ts'
import { failure } from '../core/failure.ts'

/** RFC 6750 §2.1. A token is never taken from the query: addresses end up in logs and histories. */
const BEARER = /^Bearer ([\w.~+/=-]{1,8192})$/i

export const bearer =
  (authenticate: (token: string) => Promise<Caller>) =>
  async (authorization: string | undefined): Promise<Caller> => {
    if (authorization === undefined) throw refused('send it as "Authorization: Bearer <token>"')
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined) throw refused('the header is not "Authorization: Bearer <token>"')
    return authenticate(token)
  }

const refused = (hint: string) => failure('invalid-token', 'Cannot accept the token', { hint })
