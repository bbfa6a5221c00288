import type { Queries } from '../../db/open.ts'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { TenantSuspend } from '../contract/tenant-life.ts'
import type { Tenant } from '../contract/tenants.ts'
import type { Actor } from '../core/actor.ts'
import { isToResume } from '../core/tenant-plan.ts'
import type { Change } from './change.ts'
import { accountOfTenant } from './ledger.ts'
import type { Begun } from './operations.ts'
import { begin, telling, type BegunOnTenant, type TenantLifeDeps } from './tenant-intents.ts'
import { refuseDeleting } from './tenant-lookup.ts'
import { tenantNotes } from './tenant-notes.ts'
import { tenantOf, tenantToChange } from './tenant-view.ts'

/** Suspends and resumes tenants. Each is an intent that the reconciler makes true. */
export function tenantLife(deps: TenantLifeDeps) {
  const { store } = deps
  const told = telling(deps)
  return {
    /** What is desired of its containers stays as it is, and so does all that they hold. */
    async suspend(slug: string, { reason }: TenantSuspend, actor: Actor): Promise<Change<Tenant>> {
      return told(await store.write((q) => suspend(deps, q, { slug, reason, actor })))
    },

    /** What was to run, runs again; what had ended by itself stays so. */
    async resume(slug: string, actor: Actor): Promise<Change<Tenant>> {
      return told(await store.write((q) => resume(deps, q, { slug, actor })))
    },
  }
}

interface Asked {
  readonly slug: string
  readonly actor: Actor
}

async function suspend(
  deps: TenantLifeDeps,
  q: Queries,
  { slug, reason, actor }: Asked & { readonly reason: string | undefined },
): Promise<BegunOnTenant> {
  const row = await tenantToChange(q, slug, actor)
  refuseDeleting(row, 'Cannot suspend it')
  const isNew = row.suspendedAt === null
  const life = {
    suspendedAt: row.suspendedAt ?? deps.clock.now().getTime(),
    suspendReason: reason ?? (isNew ? null : row.suspendReason),
  }
  await q.tenants.changeLife(row.id, life)
  const all = await q.containers.ofTenant(row.id)
  // Else the engine has a word in it.
  const done = all.length === 0
  const begun = await begin(deps, q, { row, kind: 'tenants.suspend', supersedes: isNew, done })
  return finished(deps, q, {
    begun,
    row: { ...row, ...life },
    containers: all.map((placed) => placed.row.id),
    verb: 'suspend',
    actor,
  })
}

async function resume(
  deps: TenantLifeDeps,
  q: Queries,
  { slug, actor }: Asked,
): Promise<BegunOnTenant> {
  const row = await tenantToChange(q, slug, actor)
  refuseDeleting(row, 'Cannot resume it')
  const isNew = row.suspendedAt !== null
  const life = { suspendedAt: null, suspendReason: null }
  await q.tenants.changeLife(row.id, life)
  const all = await q.containers.ofTenant(row.id)
  const due = isNew ? all.filter((placed) => isToResume(placed.row)) : []
  const done = isNew && due.length === 0
  const begun = await begin(deps, q, { row, kind: 'tenants.resume', supersedes: isNew, done })
  for (const { row: container } of due) await runsAgain(deps, q, container)
  return finished(deps, q, {
    begun,
    row: { ...row, ...life },
    containers: all.map((placed) => placed.row.id),
    verb: 'resume',
    actor,
  })
}

/** With an operation of its own, so that it is seen for each whether it came up and stayed so. */
async function runsAgain(
  { operations }: TenantLifeDeps,
  q: Queries,
  { id, tenantId, name, generation }: PlacedContainer['row'],
): Promise<void> {
  const target = { kind: 'container', id, name }
  const wanted = { tenantId, kind: 'containers.resume', target, generation }
  await operations.begin(q, { ...wanted, supersedes: false, done: false })
}

interface Finished {
  readonly begun: Begun
  /** As the transaction leaves it. */
  readonly row: TenantRow
  readonly containers: readonly string[]
  readonly verb: 'resume' | 'suspend'
  readonly actor: Actor
}

async function finished(
  deps: TenantLifeDeps,
  q: Queries,
  { begun, row, containers, verb, actor }: Finished,
): Promise<BegunOnTenant> {
  const last = tenantOf(row, await accountOfTenant(q, row.id))
  const output = { operation: begun.operation, resource: last }
  await tenantNotes(deps)(q, actor, { verb, tenant: last, status: 202, output })
  return { ...begun, last, containers }
}
