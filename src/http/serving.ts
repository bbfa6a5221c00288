import type { MiddlewareHandler } from 'hono'
import type { Endpoint, Input } from '../contract/endpoint.ts'
import type { Actor } from '../core/actor.ts'
import type { Caller } from '../core/caller.ts'
import type { Claim } from '../core/claim.ts'
import type { Failure } from '../core/failure.ts'
import { failure } from '../core/failure.ts'
import { acceptable } from './accept.ts'
import { preconditionOf } from './conditions.ts'
import { checkedPart, inputChecks } from './input.ts'
import { permit, permitNamed } from './permit.ts'
import { actorOf, type App, type AppContext, type AppEnv } from './shell.ts'
import { linked, type Linked } from './signals.ts'

export interface Served<E extends Endpoint> {
  readonly caller: E['permission'] extends 'public' ? undefined : Caller
  readonly actor: Actor
  /** Aborted when the client is gone, the server stops, or the key has ended. */
  readonly signal: AbortSignal
  /** Ends what is being served, with the reason as the last that the client hears. */
  readonly end: (reason: Failure) => void
  /** The last event that a reader has seen which was cut off; it says so by itself (`Last-Event-ID`). */
  readonly lastSeen: number | undefined
}

export type Serve<E extends Endpoint, T> = (input: Input<E>, context: Served<E>) => T

/** Puts an endpoint's checks before its handler, on its path. */
export function bind(app: App, e: Endpoint, handle: (c: AppContext) => Promise<Response>): void {
  const named: MiddlewareHandler<AppEnv> = async (c, next) => {
    if (e.names) permitNamed(c, e, checkedPart(c, 'json'))
    await next()
  }
  app.on(
    e.method.toUpperCase(),
    [honoPath(e.path)],
    permit(e),
    acceptable(e),
    ...inputChecks(e),
    named,
    handle,
  )
}

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

interface Around extends Pick<Linked, 'abort' | 'signal'> {
  readonly claim?: Claim | undefined
}

export function contextOf<E extends Endpoint>(
  c: AppContext,
  e: E,
  { signal, abort, claim }: Around,
): Served<E> {
  // `permit` has set the caller of every endpoint that is not public.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return {
    caller: c.get('caller'),
    actor: { ...actorOf(c), claim, precondition: preconditionOf(c, e) },
    signal,
    end: abort,
    lastSeen: lastSeenOf(c),
  } as Served<E>
}

function lastSeenOf(c: AppContext): number | undefined {
  const id = c.req.header('last-event-id') ?? ''
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined
}

export function signalOf(c: AppContext): Linked {
  const ended = c.get('caller')?.ended
  const sources = [c.req.raw.signal, c.get('shell').stopping]
  return linked(ended ? [...sources, ended] : sources)
}

/**
 * An answer that is not there in time is not waited for any longer. What was begun is told by the signal;
 * a change whose intent is written comes true all the same, and a repeat with its key has the answer.
 */
export async function inTime<T>(
  c: AppContext,
  { abort, waitSeconds = 0 }: { readonly abort: Linked['abort']; readonly waitSeconds?: number },
  work: Promise<T>,
): Promise<T> {
  const ms = c.get('shell').deadlineMs + waitSeconds * 1000
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const seconds = Math.round(ms / 1000)
    const action = c.get('endpoint')?.id ?? '-'
    const late = failure('timed-out', `Cannot answer within ${seconds} s`, { action, seconds })
    reject(late)
    abort(late)
  }, ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
