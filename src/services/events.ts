import type { Queries, Store } from '../../db/open.ts'
import type { EventRow } from '../../db/queries/events.ts'
import type { CloudEvent } from '../contract/events.ts'
import type { NewEvent } from '../core/event.ts'
import type { Clock } from '../ports/clock.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface EventDeps {
  readonly store: Store
  readonly clock: Clock
}

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

const LONGEST_MESSAGE = 1000

/** What happened: written with what it tells of, and read by whom it concerns. */
export function eventService({ store, clock }: EventDeps) {
  async function list(tenantId: string | undefined, { limit, cursor }: Page) {
    const before = /^\d{1,15}$/.test(cursor ?? '') ? Number(cursor) : undefined
    const rows = await store.read.events.list({ tenantId, before, limit })
    const last = rows.length === limit ? rows.at(-1) : undefined
    return { items: rows.map(eventOf), nextCursor: last ? String(last.seq) : null }
  }

  /** Belongs into the transaction of what it tells of: either both are written, or neither. */
  async function record(q: Queries, event: NewEvent): Promise<void> {
    const { tenantId, target } = event
    const tenant = tenantId === null ? undefined : await q.tenants.byId(tenantId)
    await q.events.insert({
      time: clock.now().getTime(),
      tenantId,
      tenant: tenant?.slug ?? null,
      level: event.level,
      action: event.action,
      targetKind: target.kind,
      targetId: target.id,
      targetName: target.name,
      message: event.message.slice(0, LONGEST_MESSAGE),
      detailsJson: JSON.stringify(event.details ?? {}),
    })
  }

  return {
    record,
    list: (page: Page) => list(undefined, page),

    async listOfTenant(slug: string, page: Page) {
      const tenant = await tenantBySlug(store.read, slug)
      return list(tenant.id, page)
    },
  }
}
export type EventService = ReturnType<typeof eventService>

function eventOf(row: EventRow): CloudEvent {
  const details: Record<string, unknown> = JSON.parse(row.detailsJson)
  return {
    seq: row.seq,
    time: new Date(row.time).toISOString(),
    tenant: row.tenant,
    level: row.level,
    action: row.action,
    target: { kind: row.targetKind, id: row.targetId, name: row.targetName },
    message: row.message,
    details,
  }
}
