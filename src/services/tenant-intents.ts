import type { Queries, Store } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Tenant } from '../contract/tenants.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { Change } from './change.ts'
import type { EventService } from './events.ts'
import { accountOfTenant } from './ledger.ts'
import type { Begun, OperationService } from './operations.ts'
import { tenantOf } from './tenant-view.ts'

export interface TenantLifeDeps {
  readonly store: Store
  readonly clock: Clock
  readonly audit: AuditService
  readonly events: Pick<EventService, 'record'>
  readonly operations: Pick<OperationService, 'begin' | 'ended' | 'giveWay'>
  readonly wake: (containerId: string) => void
  readonly wakeTenant: (tenantId: string) => void
  /** Tells the edge who is suspended. */
  readonly routesChanged: () => void
  /** Deletes all rows that are the tenant's, and ends its name, inside a transaction. */
  readonly erase: (q: Queries, tenant: TenantRow) => Promise<void>
  /** Told when a tenant is gone, so that its keys end at once. */
  readonly ended: (tenantId: string) => void
}

/** What was begun on a tenant, and whom it concerns. */
export interface BegunOnTenant extends Begun {
  readonly last: Tenant
  readonly containers: readonly string[]
}

/** Tells whom it concerns, once the transaction is over. */
export const telling =
  ({ store, operations, wake, wakeTenant, routesChanged }: TenantLifeDeps) =>
  ({ operation, superseded, last, containers }: BegunOnTenant): Change<Tenant> => {
    for (const id of superseded) operations.ended(id)
    for (const id of containers) wake(id)
    wakeTenant(last.id)
    routesChanged()
    const fresh = async (): Promise<Tenant> => {
      const row = await store.read.tenants.bySlug(last.slug)
      // Once it is gone, the last that was seen of it is what can be shown.
      if (row?.id !== last.id) return last
      return tenantOf(row, await accountOfTenant(store.read, row.id))
    }
    return { operation, resource: last, fresh }
  }

interface Intent {
  readonly row: TenantRow
  readonly kind: string
  readonly supersedes: boolean
  readonly done: boolean
}

export const begin = (
  { operations }: TenantLifeDeps,
  q: Queries,
  { row, ...wanted }: Intent,
): Promise<Begun> =>
  operations.begin(q, {
    tenantId: row.id,
    target: { kind: 'tenant', id: row.id, name: row.slug },
    // A tenant has none: what is wanted of it is in its own columns.
    generation: 0,
    ...wanted,
  })
