import type { Queries, Store } from '../../db/open.ts'
import type { OperationRow, OperationState } from '../../db/queries/operations.ts'
import type { Operation } from '../contract/operations.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { Change } from './change.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface OperationDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditService
  /** Tells the reconciler that a target's intent has changed. */
  readonly wake: (targetId: string) => void
}

export interface Begun {
  readonly tenantId: string
  readonly kind: string
  readonly target: { readonly kind: string; readonly id: string; readonly name: string }
  readonly generation: number
  /** Whether open operations of the same target end here. */
  readonly supersedes: boolean
  /** Whether the intent is all there was to do. */
  readonly done: boolean
}

const WAITERS_MOST = 10_000

export function operationService({ store, clock, newId, audit, wake }: OperationDeps) {
  /** Those who wait, by operation. The reconciler says when one has ended. */
  const waiters = new Map<string, Set<() => void>>()
  let waiting = 0

  /** Writes a new operation inside the transaction of its intent; open ones of the target give way. */
  async function begin(q: Queries, begun: Begun): Promise<Operation> {
    const now = clock.now().getTime()
    const superseded = begun.supersedes ? await q.operations.openOn(begun.target.id) : []
    const id = newId()
    for (const older of superseded) {
      await q.operations.updateOpen(older.id, {
        state: 'cancelled',
        updatedAt: now,
        errorJson: JSON.stringify({
          code: 'cancelled',
          message: `Cannot finish: superseded by "${begun.kind}"`,
          details: { operation: id },
        }),
      })
    }
    const row: OperationRow = {
      id,
      tenantId: begun.tenantId,
      kind: begun.kind,
      targetKind: begun.target.kind,
      targetId: begun.target.id,
      targetName: begun.target.name,
      generation: begun.generation,
      state: begun.done ? 'succeeded' : 'pending',
      step: null,
      progress: begun.done ? 100 : 0,
      errorJson: null,
      createdAt: now,
      updatedAt: now,
    }
    await q.operations.insert(row)
    // Told once the transaction is over; a rollback makes these calls vain, but harmless.
    for (const older of superseded) queueMicrotask(() => ended(older.id))
    return operationOf(row)
  }

  function ended(id: string): void {
    for (const tell of waiters.get(id) ?? []) tell()
  }

  /** Waits until the operation has ended, the time is over, or `signal` aborts; answers it as it is then. */
  async function settled(id: string, waitSeconds: number, signal: AbortSignal): Promise<Operation> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * 1000)])
    for (;;) {
      // Asked to be told before it is read, so that an end between the two is not missed.
      const told = tellOnEnd(id, deadline)
      const row = await store.read.operations.byId(id)
      if (!row) throw notFound('operation', id)
      if (isOver(row.state) || deadline.aborted) {
        told.cancel()
        return operationOf(row)
      }
      await told.end
    }
  }

  function tellOnEnd(
    id: string,
    deadline: AbortSignal,
  ): { end: Promise<void>; cancel: () => void } {
    if (waiting >= WAITERS_MOST) throw new Error('Too many callers wait for operations')
    let cancel = (): void => undefined
    const end = new Promise<void>((resolve) => {
      const those = waiters.get(id) ?? new Set()
      waiters.set(id, those)
      waiting++
      const done = (): void => {
        if (those.delete(done)) waiting--
        if (those.size === 0 && waiters.get(id) === those) waiters.delete(id)
        deadline.removeEventListener('abort', done)
        resolve()
      }
      cancel = done
      those.add(done)
      deadline.addEventListener('abort', done)
      if (deadline.aborted) done()
    })
    return { end, cancel }
  }

  async function find(tenantSlug: string, id: string): Promise<OperationRow> {
    const tenant = await tenantBySlug(store.read, tenantSlug)
    const row = await store.read.operations.byId(id)
    if (!row || row.tenantId !== tenant.id) throw notFound('operation', id)
    return row
  }

  return {
    begin,
    ended,
    settled,

    async get(tenantSlug: string, id: string, wait: { seconds: number; signal: AbortSignal }) {
      const row = await find(tenantSlug, id)
      return wait.seconds > 0 ? settled(row.id, wait.seconds, wait.signal) : operationOf(row)
    },

    async list(
      tenantSlug: string,
      query: { limit: number; cursor?: string | undefined; state?: OperationState | undefined },
    ): Promise<{ items: Operation[]; nextCursor: string | null }> {
      const tenant = await tenantBySlug(store.read, tenantSlug)
      const after = cursorOf(query.cursor)
      const rows = await store.read.operations.list(tenant.id, { ...query, after })
      const last = rows.length === query.limit ? rows.at(-1) : undefined
      return {
        items: rows.map(operationOf),
        nextCursor: last ? `${last.createdAt}.${last.id}` : null,
      }
    },

    /** Only what is being made or started can be taken back; a stop or a deletion goes its way. */
    async cancel(tenantSlug: string, id: string, actor: Actor): Promise<Operation> {
      const { targetId } = await find(tenantSlug, id)
      const cancelled = await store.write(async (q) => {
        const row = await q.operations.byId(id)
        const container = await q.containers.byId(targetId)
        if (!row || !container) throw notFound('operation', id)
        const desired = TAKEN_BACK[row.kind]
        if (isOver(row.state) || desired === undefined) {
          throw failure('state-conflict', `Cannot cancel operation "${id}": it is ${row.state}`, {
            kind: 'operation',
            name: id,
            state: row.state,
          })
        }
        const now = clock.now().getTime()
        const message = `Operation "${id}" was cancelled`
        const errorJson = JSON.stringify({ code: 'cancelled', message, details: { operation: id } })
        await q.operations.updateOpen(id, { state: 'cancelled', errorJson, updatedAt: now })
        await q.containers.update(targetId, {
          desired,
          generation: container.generation + 1,
          state: desired === 'absent' ? 'deleting' : 'stopping',
        })
        const target = `operation/${id}`
        const tenant = { id: row.tenantId, slug: tenantSlug }
        await audit.accepted(q, actor, { action: 'operations.cancel', tenant, target, status: 200 })
        return { ...row, state: 'cancelled' as const, errorJson, updatedAt: now }
      })
      wake(targetId)
      ended(id)
      return operationOf(cancelled)
    },
  }
}
export type OperationService = ReturnType<typeof operationService>

/** Waits for a change as long as its caller wants to, and looks at the resource again. */
export const settling =
  (operations: OperationService) =>
  async <R>(change: Change<R>, waitSeconds: number, signal: AbortSignal): Promise<Change<R>> => {
    const operation = await operations.settled(change.operation.id, waitSeconds, signal)
    return { ...change, operation, resource: await change.fresh() }
  }

/** What a cancelled operation of this kind leaves behind. */
const TAKEN_BACK: Readonly<Record<string, 'absent' | 'stopped'>> = {
  'containers.create': 'absent',
  'containers.start': 'stopped',
  'containers.restart': 'stopped',
}

const isOver = (state: OperationState): boolean => state !== 'pending' && state !== 'running'

function cursorOf(cursor: string | undefined): { createdAt: number; id: string } | undefined {
  const match = /^(\d{1,15})\.([a-z0-9]{16})$/.exec(cursor ?? '')
  return match ? { createdAt: Number(match[1]), id: match[2] ?? '' } : undefined
}

export function operationOf(row: OperationRow): Operation {
  const { id, kind, state, step, progress } = row
  return {
    id,
    kind,
    target: { kind: row.targetKind, id: row.targetId, name: row.targetName },
    state,
    step,
    progress,
    // Written by `begin` and the reconciler alone, in this shape.
    error: row.errorJson === null ? null : (JSON.parse(row.errorJson) as Operation['error']),
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  }
}
