import type { Store } from '../../db/open.ts'
import type { OpenSignIn } from '../../db/queries/people.ts'
import type { Session } from '../contract/sessions.ts'
import type { Actor } from '../core/actor.ts'
import { notFound } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import { invalidToken } from './authentication.ts'
import { ownerOf } from './key-view.ts'
import type { OpenStreams, Within } from './open-streams.ts'
import type { OpenTunnels } from './open-tunnels.ts'
import type { PersonSessions } from './person-sessions.ts'

export interface SessionDeps {
  readonly store: Store
  readonly clock: Clock
  readonly audit: AuditService
  readonly streams: OpenStreams
  readonly tunnels: OpenTunnels
  readonly sessions: PersonSessions
}

interface SessionAsked {
  /** null: whichever of the platform. */
  readonly tenant: string | null
  readonly session: string
  readonly actor: Actor
}

/** More than anybody reads; the oldest are those to look at. */
const MOST_SHOWN = 1000

export function sessionService({ store, clock, audit, streams, tunnels, sessions }: SessionDeps) {
  async function signIns(within: Within): Promise<Session[]> {
    const now = clock.now().getTime()
    const all = await store.read.people.allSignIns()
    return all
      .filter(({ signIn }) => signIn.expiresAt > now)
      .filter(({ person }) => within === null || person.tenantId === within.id)
      .map(sessionOf)
  }

  return {
    async list(tenant: string | null): Promise<{ items: Session[] }> {
      const owner = await ownerOf(store.read, tenant)
      const all = [...streams.list(owner), ...tunnels.list(owner), ...(await signIns(owner))]
      const items = all.toSorted((one, other) => one.since.localeCompare(other.since))
      return { items: items.slice(0, MOST_SHOWN) }
    },

    async end({ tenant, session: id, actor }: SessionAsked): Promise<Session> {
      const owner = await ownerOf(store.read, tenant)
      const stream = streams.find(owner, id) ?? tunnels.find(owner, id)
      const session = stream?.session ?? (await signIns(owner)).find((one) => one.id === id)
      if (!session) throw notFound('session', id)
      const action = `${owner === null ? 'platform-sessions' : 'sessions'}.end`
      const target = `session/${id} of ${session.actor}`
      await store.write(async (q) => {
        await q.people.removeSignIn(id)
        await audit.accepted(q, actor, { action, tenant: owner, target, status: 200 })
      })
      if (stream) stream.end(invalidToken('its session was ended'))
      else sessions.end(id)
      return session
    },
  }
}
export type SessionService = ReturnType<typeof sessionService>

const sessionOf = ({ signIn, person, slug }: OpenSignIn): Session => ({
  id: signIn.id,
  kind: 'person',
  actor: `person:${person.email}`,
  action: null,
  tenant: slug,
  since: new Date(signIn.createdAt).toISOString(),
  address: signIn.address,
})
