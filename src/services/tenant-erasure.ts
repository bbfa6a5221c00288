import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventService } from './events.ts'

export interface ErasureDeps {
  readonly clock: Clock
  readonly events: Pick<EventService, 'record'>
}

/**
 * Deletes all rows of a tenant of which the engine has nothing any more. Belongs into one transaction
 * with the end of its operations. Its own row stays as a tombstone, by which its slug rests, and which
 * its operations, events and audit entries name.
 */
export const tenantErasure =
  ({ clock, events }: ErasureDeps) =>
  async (q: Queries, { id, slug }: TenantRow): Promise<void> => {
    const now = clock.now().getTime()
    await q.keys.revokeAllOf(id, now)
    await q.people.removeAllOf(id)
    await q.registries.removeAllOf(id)
    await q.secrets.removeAllOf(id)
    await q.images.removeAllOf(id)
    await q.firewalls.removeAllOf(id)
    await q.tenantCertificates.removeAllOf(id)
    await q.peerings.removeAllOf(id)
    await q.routes.removeAllOf(id)
    await q.domains.removeAllOf(id)
    await q.limits.removeAllOf(id)
    await q.tenants.markDeleted(id, now)
    await events.record(q, {
      tenantId: id,
      action: 'tenant.deleted',
      level: 'info',
      target: { kind: 'tenant', id, name: slug },
      message: `Tenant "${slug}" was deleted`,
    })
  }
