import type { Queries, Store } from '../../db/open.ts'
import type { OperationRow, OperationState, PlatformPage } from '../../db/queries/operations.ts'
import type { Operation } from '../contract/operations.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound } from '../core/failure.ts'
import { isWithin, type Reach } from '../core/reach.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { Change } from './change.ts'
import { operationOf, platformOperationOf } from './operation-view.ts'
import { operationWaiters } from './operation-waiters.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface OperationDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditService
  /** Tells the reconciler that a target's intent has changed. */
  readonly wake: (targetId: string) => void
}

export interface Wanted {
  /** null: it is the platform's own. */
  readonly tenantId: string | null
  readonly kind: string
  readonly target: { readonly kind: string; readonly id: string; readonly name: string }
  readonly generation: number
  /** Whether open operations of the same target end here. */
  readonly supersedes: boolean
  /** Whether the intent is all there was to do. */
  readonly done: boolean
}

export interface Begun {
  readonly operation: Operation
  /** Operations that gave way. Whoever waits for them is told once the transaction is over. */
  readonly superseded: readonly string[]
}

interface Wait {
  readonly seconds: number
  readonly signal: AbortSignal
}

interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly state?: OperationState | undefined
  /** Of a limited key: only those about what it gets to. */
  readonly reach?: Reach | null
}

type PlatformQuery = Omit<PlatformPage, 'after'> & Pick<ListQuery, 'cursor'>

export type OperationService = ReturnType<typeof operationService>

export function operationService(deps: OperationDeps) {
  const { store } = deps
  const waiters = operationWaiters()

  const settled = settlement(store, waiters)

  const awaited = async (row: OperationRow, { seconds, signal }: Wait): Promise<Operation> =>
    seconds > 0 ? settled(row.id, seconds, signal) : operationOf(row)

  async function find(tenantSlug: string, id: string): Promise<OperationRow> {
    const tenant = await tenantBySlug(store.read, tenantSlug)
    const row = await store.read.operations.byId(id)
    if (!row || row.tenantId !== tenant.id) throw notFound('operation', id)
    return row
  }

  return {
    ...lists(deps),
    begin: (q: Queries, wanted: Wanted): Promise<Begun> => begin(deps, q, wanted),
    /** Ends what is open on a target, for an operation on something larger. */
    giveWay: (q: Queries, to: Larger): Promise<string[]> => giveWay(deps, q, to),
    /** Tells those who wait that an operation has ended, which must be readable by now. */
    ended: (id: string): void => waiters.tell(id),
    settled,
    /** How many callers wait. */
    waiting: (): number => waiters.count(),

    get: async (tenantSlug: string, id: string, wait: Wait): Promise<Operation> =>
      awaited(await find(tenantSlug, id), wait),

    /** Whoever it is of. */
    async find(id: string, wait: Wait): Promise<Operation> {
      const row = await store.read.operations.byId(id)
      if (!row) throw notFound('operation', id)
      return awaited(row, wait)
    },

    /** Throws where a limited key does not get to the container that an operation is about. */
    async refuseBeyond(reach: Reach | null, at: { tenant: string; operation: string }) {
      if (reach === null) return
      const { targetId } = await find(at.tenant, at.operation)
      const target = await store.read.containers.byId(targetId)
      if (!target || !isWithin(reach, 'container', target))
        throw notFound('operation', at.operation)
    },

    /** Only what is being made or started can be taken back; a stop or a deletion goes its way. */
    async cancel(tenantSlug: string, id: string, actor: Actor): Promise<Operation> {
      const { targetId } = await find(tenantSlug, id)
      const tenant = { id: (await tenantBySlug(store.read, tenantSlug)).id, slug: tenantSlug }
      const { ended, operation } = await store.writeFor(tenantSlug, (q) =>
        cancel(deps, q, { id, tenant, actor }),
      )
      deps.wake(targetId)
      for (const one of ended) waiters.tell(one)
      return operation
    },
  }
}

/** Waits until the operation has ended, the time is over, or `signal` aborts; answers it as it is then. */
function settlement(store: Store, waiters: ReturnType<typeof operationWaiters>) {
  return async (id: string, waitSeconds: number, signal: AbortSignal): Promise<Operation> => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * 1000)])
    for (;;) {
      // Asked to be told before it is read, so that an end between the two is not missed.
      const waiter = waiters.join(id, deadline)
      try {
        const row = await store.read.operations.byId(id)
        if (!row) throw notFound('operation', id)
        if (isOver(row.state) || deadline.aborted) return operationOf(row)
        await waiter.told
      } finally {
        waiter.leave()
      }
    }
  }
}

const lists = ({ store }: OperationDeps) => ({
  /** Of all tenants. */
  async listAll({ cursor, ...asked }: PlatformQuery) {
    const found = await store.read.operations.listAll({ ...asked, after: cursorOf(cursor) })
    const last = found.length === asked.limit ? found.at(-1)?.row : undefined
    return { items: found.map(platformOperationOf), nextCursor: last ? cursorTo(last) : null }
  },

  async list(tenantSlug: string, { limit, state, cursor, reach }: ListQuery) {
    const tenant = await tenantBySlug(store.read, tenantSlug)
    const after = cursorOf(cursor)
    const rows = await store.read.operations.list(tenant.id, {
      limit,
      state,
      after,
      amongContainers: reach?.['container'],
    })
    const last = rows.length === limit ? rows.at(-1) : undefined
    return {
      items: rows.map(operationOf),
      nextCursor: last ? cursorTo(last) : null,
    }
  },
})

/** Writes a new operation inside the transaction of its intent; open ones of the target give way. */
async function begin({ clock, newId }: OperationDeps, q: Queries, wanted: Wanted): Promise<Begun> {
  const now = clock.now().getTime()
  const id = newId()
  const superseded = wanted.supersedes
    ? await endOpen(q, wanted.target.id, {
        message: `Cannot finish: superseded by "${wanted.kind}"`,
        operation: id,
        now,
      })
    : []
  const row: OperationRow = {
    id,
    tenantId: wanted.tenantId,
    kind: wanted.kind,
    targetKind: wanted.target.kind,
    targetId: wanted.target.id,
    targetName: wanted.target.name,
    generation: wanted.generation,
    state: wanted.done ? 'succeeded' : 'pending',
    step: null,
    progress: wanted.done ? 100 : 0,
    errorJson: null,
    createdAt: now,
    updatedAt: now,
  }
  await q.operations.insert(row)
  return { operation: operationOf(row), superseded }
}

interface Cancelled {
  readonly id: string
  readonly tenant: { readonly id: string; readonly slug: string }
  readonly actor: Actor
}

/** Answers the operation as it is then, and all that ended with it. */
async function cancel(deps: OperationDeps, q: Queries, { id, tenant, actor }: Cancelled) {
  const ended = await takeBack(q, id, deps.clock.now().getTime())
  const row = await q.operations.byId(id)
  if (!row) throw notFound('operation', id)
  const operation = operationOf(row)
  const said = { action: 'operations.cancel', tenant, target: `operation/${id}`, status: 200 }
  await deps.audit.accepted(q, actor, { ...said, output: operation })
  return { ended, operation }
}

/** What a cancelled operation of this kind leaves behind. */
const TAKEN_BACK: Readonly<Record<string, 'absent' | 'stopped'>> = {
  'containers.create': 'absent',
  'containers.start': 'stopped',
  'containers.restart': 'stopped',
  'containers.resume': 'stopped',
}

/** Undoes the intent of an operation. Others that wait for the same intent end with it. */
async function takeBack(q: Queries, id: string, now: number): Promise<string[]> {
  const row = await q.operations.byId(id)
  const container = row && (await q.containers.byId(row.targetId))
  if (!row) throw notFound('operation', id)
  const desired = TAKEN_BACK[row.kind]
  if (!container || isOver(row.state) || desired === undefined) {
    throw failure('state-conflict', `Cannot cancel operation "${id}": it is ${row.state}`, {
      kind: 'operation',
      name: id,
      state: row.state,
    })
  }
  await q.containers.update(row.targetId, {
    desired,
    generation: container.generation + 1,
    state: desired === 'absent' ? 'deleting' : 'stopping',
    retryAt: null,
  })
  return endOpen(q, row.targetId, {
    message: `Operation "${id}" was cancelled`,
    operation: id,
    now,
  })
}

interface Larger {
  readonly targetId: string
  readonly kind: string
  readonly id: string
}

const giveWay = ({ clock }: OperationDeps, q: Queries, to: Larger) =>
  endOpen(q, to.targetId, {
    message: `Cannot finish: superseded by "${to.kind}"`,
    operation: to.id,
    now: clock.now().getTime(),
  })

async function endOpen(
  q: Queries,
  targetId: string,
  why: { readonly message: string; readonly operation: string; readonly now: number },
): Promise<string[]> {
  const open = await q.operations.openOn(targetId)
  const details = { operation: why.operation }
  const errorJson = JSON.stringify({ code: 'cancelled', message: why.message, details })
  for (const { id } of open) {
    await q.operations.updateOpen(id, { state: 'cancelled', updatedAt: why.now, errorJson })
  }
  return open.map(({ id }) => id)
}

/** Waits for a change as long as its caller wants to, and looks at the resource again. */
export const settling =
  (operations: OperationService) =>
  async <R>(change: Change<R>, waitSeconds: number, signal: AbortSignal): Promise<Change<R>> => {
    const operation = await operations.settled(change.operation.id, waitSeconds, signal)
    return { ...change, operation, resource: await change.fresh() }
  }

const isOver = (state: OperationState): boolean => state !== 'pending' && state !== 'running'

const cursorTo = ({ createdAt, id }: OperationRow): string => `${createdAt}.${id}`

function cursorOf(cursor: string | undefined): { createdAt: number; id: string } | undefined {
  const match = /^(\d{1,15})\.([a-z0-9]{16})$/.exec(cursor ?? '')
  return match ? { createdAt: Number(match[1]), id: match[2] ?? '' } : undefined
}
