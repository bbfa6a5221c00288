import { createHash } from 'node:crypto'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Claim } from '../core/claim.ts'
import { Failure, wrongField } from '../core/failure.ts'
import type { Answer, OnceAsked } from '../services/once.ts'
import { problemAnswer, problemOf } from './problem.ts'
import type { AppContext } from './shell.ts'

/**
 * The draft wants a string as in RFC 9651 §3.3.3; a bare word is taken as well, since that is what
 * most clients send.
 */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"$/
const BARE = /^[\w.~:+/=@-]{1,255}$/

interface How {
  readonly render: OnceAsked['render']
  readonly work: (claim: Claim | undefined) => Promise<Answer>
}

/** Does the work, or answers what it came to when the same request was sent before. */
export async function once(c: AppContext, e: Endpoint, { render, work }: How): Promise<Answer> {
  const asked = await askedOf(c, e)
  if (!asked) return work(undefined)
  const answer = await c.get('shell').once.run({ ...asked, render }, async (claim) => {
    try {
      return await work(claim)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const problem = problemOf(error, c.get('requestId'))
      c.set('problem', problem.code)
      return problemAnswer(problem)
    }
  })
  // What was accepted or refused then is in the audit log since then.
  if (answer.headers['idempotency-replayed'] !== undefined) c.set('accepted', true)
  return answer
}

/** A POST that changes something can be claimed; the other methods can be repeated as they are. */
export const isClaimable = ({ method, permission }: Endpoint): boolean =>
  method === 'post' && permission !== 'public' && !permission.endsWith(':read')

async function askedOf(c: AppContext, e: Endpoint): Promise<Omit<OnceAsked, 'render'> | undefined> {
  const header = c.req.header('idempotency-key')
  const caller = c.get('caller')
  if (header === undefined || caller === undefined || !isClaimable(e)) return undefined
  const key = QUOTED.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? BARE.exec(header)?.[0]
  if (key === undefined) {
    throw wrongField('header#/idempotency-key', 'a string of at most 255 visible characters')
  }
  const request = await requestOf(c)
  return {
    key,
    scope: caller.tenant?.id ?? 'platform',
    askedBy: caller.principal.id,
    request,
    plainDigest: createHash('sha256').update(request).digest('base64url'),
    isSecret: e.secret === true,
  }
}

/** All that makes two requests the same; in it may be secrets, so that it is not kept as it is. */
async function requestOf(c: AppContext): Promise<string> {
  const { pathname, search } = new URL(c.req.url)
  const body = c.req.bodyCache.text === undefined ? '' : await c.req.text()
  return JSON.stringify([c.req.method, pathname, search, body, c.req.header('if-match')])
}
