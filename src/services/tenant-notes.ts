import type { Queries } from '../../db/open.ts'
import type { Tenant } from '../contract/tenants.ts'
import type { Actor } from '../core/actor.ts'
import type { EventLevel } from '../core/event.ts'
import type { AuditService } from './audit.ts'
import type { EventService } from './events.ts'

interface NoteDeps {
  readonly audit: AuditService
  readonly events: Pick<EventService, 'record'>
}

type Verb = 'create' | 'delete' | 'resume' | 'suspend' | 'update'

/** What there is to tell at once: of a deletion only that it has begun. */
const DONE = {
  create: { verb: 'created', level: 'info', says: 'was created' },
  delete: { verb: 'deleting', level: 'warning', says: 'is being deleted' },
  resume: { verb: 'resumed', level: 'info', says: 'was resumed' },
  suspend: { verb: 'suspended', level: 'warning', says: 'was suspended' },
  update: { verb: 'changed', level: 'info', says: 'was changed' },
} as const satisfies Record<Verb, { verb: string; level: EventLevel; says: string }>

interface Note {
  readonly verb: Verb
  /** As it is then. */
  readonly tenant: Tenant
  readonly status: number
  /** What the request answers, where that is not the tenant. */
  readonly output?: unknown
}

/** Audit entry and event of a change, inside its transaction. */
export const tenantNotes =
  ({ audit, events }: NoteDeps) =>
  async (q: Queries, actor: Actor, { verb, tenant, status, output = tenant }: Note) => {
    const { id, slug, suspension } = tenant
    const target = `tenant/${slug}`
    const said = { action: `tenants.${verb}`, tenant: { id, slug }, target, status, output }
    await audit.accepted(q, actor, said)
    const { verb: done, level, says } = DONE[verb]
    const why = verb === 'suspend' && suspension?.reason ? `: ${suspension.reason}` : ''
    await events.record(q, {
      tenantId: id,
      action: `tenant.${done}`,
      level,
      target: { kind: 'tenant', id, name: slug },
      message: `Tenant "${slug}" ${says}${why}`,
    })
  }
