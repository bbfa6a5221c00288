import type { Context, Hono } from 'hono'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Actor } from '../core/actor.ts'
import type { Caller } from '../core/caller.ts'
import type { OnceService } from '../services/once.ts'

/** What `mount` asks of the house around it. */
export interface Shell {
  /** Answers who sends this `Authorization`, or throws `invalid-token`. */
  authenticate(authorization: string | undefined): Promise<Caller>
  /** Carries out a request with an Idempotency-Key once. */
  readonly once: Pick<OnceService, 'run'>
  /** Aborted when the server is to stop. */
  readonly stopping: AbortSignal
}

export interface AppEnv {
  /** What the server hands over beside the request; not there when a test calls the app directly. */
  Bindings: {
    readonly incoming?: {
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
  const keyId = c.get('caller')?.keyId ?? null
  return {
    name: keyId === null ? 'anonymous' : `key:${keyId}`,
    keyId,
    requestId: c.get('requestId'),
    sourceAddress: c.get('sourceAddress'),
  }
}
