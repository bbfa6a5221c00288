import type { Session } from '../contract/sessions.ts'
import { principalName, type Caller } from '../core/caller.ts'
import type { Clock } from '../ports/clock.ts'

/** A stream as it begins. */
export interface StreamBegun {
  readonly caller: Caller
  /** Id of the endpoint. */
  readonly action: string
  /** Slug of the tenant that its path names. */
  readonly tenant: string | null
  readonly address: string
  readonly end: (reason: Error) => void
}

interface Open {
  readonly session: Session
  readonly owner: string | null
  readonly end: (reason: Error) => void
}

/** Sessions of one tenant: those that look into it, and those of its own. null: of everybody. */
export type Within = { readonly id: string; readonly slug: string } | null

/**
 * What is being streamed, to whom and since when. In memory alone, as a stream is: each is an open
 * request, so the server's bounds are theirs.
 */
export function openStreams({
  clock,
  newId,
}: {
  readonly clock: Clock
  readonly newId: () => string
}) {
  const open = new Map<string, Open>()
  const isWithin = ({ session, owner }: Open, tenant: Within): boolean =>
    tenant === null || session.tenant === tenant.slug || owner === tenant.id

  return {
    /** Answers what is to be called when it is over. */
    begin({ caller, action, tenant, address, end }: StreamBegun): () => void {
      const id = newId()
      const session: Session = {
        id,
        kind: 'stream',
        actor: principalName(caller.principal),
        action,
        tenant,
        since: clock.now().toISOString(),
        address,
      }
      open.set(id, { session, owner: caller.tenant?.id ?? null, end })
      return () => void open.delete(id)
    },

    list: (tenant: Within): Session[] =>
      [...open.values()].filter((one) => isWithin(one, tenant)).map(({ session }) => session),

    /** The one that is meant, and how it is ended. */
    find(tenant: Within, id: string): Pick<Open, 'end' | 'session'> | undefined {
      const found = open.get(id)
      return found && isWithin(found, tenant) ? found : undefined
    },
  }
}
export type OpenStreams = ReturnType<typeof openStreams>
