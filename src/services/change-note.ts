import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Actor } from '../core/actor.ts'
import type { NewEvent } from '../core/event.ts'
import type { AuditService } from './audit.ts'
import type { EventService } from './events.ts'

export interface NotingDeps {
  readonly audit: Pick<AuditService, 'accepted'>
  readonly events: Pick<EventService, 'record'>
}

/** A change of something of a tenant, as asked for and as done. */
export interface ChangeNote {
  readonly actor: Actor
  readonly tenant: TenantRow
  /** Of the audit log, as are the next three. */
  readonly action: string
  readonly target: string
  readonly status: number
  readonly output: unknown
  /** Undefined: there was nothing to change, which nobody else has to hear of. */
  readonly event: Pick<NewEvent, 'action' | 'message' | 'target'> | undefined
}

/** Audit entry and event of a change, inside its transaction. */
export async function noteChange(
  { audit, events }: NotingDeps,
  q: Queries,
  { actor, event, ...said }: ChangeNote,
): Promise<void> {
  await audit.accepted(q, actor, said)
  if (event) await events.record(q, { tenantId: said.tenant.id, level: 'info', ...event })
}
