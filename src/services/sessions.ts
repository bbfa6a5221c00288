import type { Store } from '../../db/open.ts'
import type { Session } from '../contract/sessions.ts'
import type { Actor } from '../core/actor.ts'
import { notFound } from '../core/failure.ts'
import type { AuditService } from './audit.ts'
import { invalidToken } from './authentication.ts'
import { ownerOf } from './key-view.ts'
import type { OpenStreams } from './open-streams.ts'

export interface SessionDeps {
  readonly store: Store
  readonly audit: AuditService
  readonly streams: OpenStreams
}

interface SessionAsked {
  /** null: whichever of the platform. */
  readonly tenant: string | null
  readonly session: string
  readonly actor: Actor
}

/** More than anybody reads; the oldest are those to look at. */
const MOST_SHOWN = 1000

export function sessionService({ store, audit, streams }: SessionDeps) {
  return {
    async list(tenant: string | null): Promise<{ items: Session[] }> {
      const owner = await ownerOf(store.read, tenant)
      return { items: streams.list(owner).slice(0, MOST_SHOWN) }
    },

    async end({ tenant, session: id, actor }: SessionAsked): Promise<Session> {
      const owner = await ownerOf(store.read, tenant)
      const found = streams.find(owner, id)
      if (!found) throw notFound('session', id)
      const { session } = found
      const action = `${owner === null ? 'platform-sessions' : 'sessions'}.end`
      const target = `session/${id} of ${session.actor}`
      await store.write((q) =>
        audit.accepted(q, actor, { action, tenant: owner, target, status: 200 }),
      )
      found.end(invalidToken('its session was ended'))
      return session
    },
  }
}
export type SessionService = ReturnType<typeof sessionService>
