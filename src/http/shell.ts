import type { Context, Hono } from 'hono'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Actor } from '../core/actor.ts'
import { keyIdOf, principalName, type Caller } from '../core/caller.ts'
import type { Named, ResourceKind } from '../core/reach.ts'
import type { OpenStreams } from '../services/open-streams.ts'
import type { OnceService } from '../services/once.ts'
import type { RateLimits, Standing } from './rate-limits.ts'

/** What `mount` asks of the house around it. */
export interface Shell {
  /** Answers who sends this request, or throws `invalid-token`. */
  authenticate(c: AppContext): Promise<Caller>
  readonly find: Find
  /** Told of every stream that is opened. */
  readonly streams: Pick<OpenStreams, 'begin'>
  /** Carries out a request with an Idempotency-Key once. */
  readonly once: Pick<OnceService, 'run'>
  /** How long an answer may take that is no stream, on top of what its caller wants to wait. */
  readonly deadlineMs: number
  /** How long a client may take to send a body. */
  readonly bodyMs: number
  /** Aborted when the server is to stop. */
  readonly stopping: AbortSignal
}

/** Id and name of what a path names inside a tenant. */
export type Find = (
  tenant: string,
  kind: ResourceKind,
  nameOrId: string,
) => Promise<Named | undefined>

export interface AppEnv {
  /** What the server hands over beside the request; not there when a test calls the app directly. */
  Bindings: {
    readonly incoming?: {
      readonly rawHeaders?: readonly string[]
      readonly socket?: {
        readonly remoteAddress?: string
        destroy?(): void
      }
    }
  }
  Variables: {
    readonly shell: Shell
    readonly requestId: string
    readonly sourceAddress: string
    readonly limits: Pick<RateLimits, 'ofCaller'>
    /** Where the client stands with the limits that this request counts for. */
    standings?: readonly Standing[]
    /** Set as soon as it is known, for log and audit. */
    endpoint?: Endpoint
    caller?: Caller
    /** The code of the failure that was answered. */
    problem?: string
    /** The intent is written, so whatever the answer is, it refuses nothing. */
    accepted?: boolean
  }
}
export type App = Hono<AppEnv>
export type AppContext = Context<AppEnv>

export function actorOf(c: AppContext): Actor {
  const principal = c.get('caller')?.principal
  return {
    name: principal ? principalName(principal) : 'anonymous',
    keyId: principal ? keyIdOf(principal) : null,
    requestId: c.get('requestId'),
    sourceAddress: c.get('sourceAddress'),
  }
}
