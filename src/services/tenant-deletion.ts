import type { Queries } from '../../db/open.ts'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import { MEMBER_KINDS, MOST_MEMBERS_NAMED, type TenantRemoval } from '../contract/tenant-life.ts'
import type { Actor } from '../core/actor.ts'
import { failure } from '../core/failure.ts'
import type { Change, DryRun } from './change.ts'
import { accountOfTenant } from './ledger.ts'
import { begin, telling, type BegunOnTenant, type TenantLifeDeps } from './tenant-intents.ts'
import { tenantBySlug } from './tenant-lookup.ts'
import { tenantNotes } from './tenant-notes.ts'
import { tenantOf, tenantToChange } from './tenant-view.ts'

export interface Deletion {
  /** Its containers go with it. */
  readonly cascade: boolean
  readonly dryRun: boolean
}
const PLAIN: Deletion = { cascade: false, dryRun: false }

/**
 * Deletes a tenant: from now on nothing new comes to it, its containers and then its networks are removed
 * by the reconciler, and when nothing of it is left on the engine its rows go, its own last.
 */
export function tenantDeletion(deps: TenantLifeDeps) {
  const { store } = deps
  const told = telling(deps)

  async function removal(slug: string): Promise<TenantRemoval> {
    const row = await tenantBySlug(store.read, slug)
    const tenant = tenantOf(row, await accountOfTenant(store.read, row.id))
    return { tenant, removes: await membersOf(store.read, row.id) }
  }

  return {
    async delete(
      slug: string,
      actor: Actor,
      how: Deletion = PLAIN,
    ): Promise<Change<TenantRemoval> | DryRun<TenantRemoval>> {
      if (how.dryRun) return { operation: null, resource: await removal(slug) }
      const { begun, removes } = await store.write(async (q) =>
        doomed(deps, q, { slug, actor, how }),
      )
      const { operation, resource, fresh } = told(begun)
      if (operation.state === 'succeeded') deps.ended(resource.id)
      return {
        operation,
        resource: { tenant: resource, removes },
        fresh: async () => ({ tenant: await fresh(), removes }),
      }
    },
  }
}

interface Asked {
  readonly slug: string
  readonly actor: Actor
  readonly how: Deletion
}

async function doomed(deps: TenantLifeDeps, q: Queries, { slug, actor, how }: Asked) {
  const row = await tenantToChange(q, slug, actor)
  const removes = await membersOf(q, row.id)
  const all = await q.containers.ofTenant(row.id)
  const isNew = row.deletingAt === null
  const count = await q.containers.countLive(row.id)
  if (isNew && count > 0 && !how.cascade) throw inhabited(row, count, all)
  const deletingAt = row.deletingAt ?? deps.clock.now().getTime()
  await q.tenants.changeLife(row.id, { deletingAt })
  const tenant = tenantOf({ ...row, deletingAt }, await accountOfTenant(q, row.id))
  const done = count === 0 && (await q.networks.ofTenant(row.id)).length === 0
  const begun = await begin(deps, q, { row, kind: 'tenants.delete', supersedes: isNew, done })
  const superseded = isNew ? await removeAll(deps, q, { all, operation: begun.operation.id }) : []
  const output = { operation: begun.operation, resource: { tenant, removes } }
  await tenantNotes(deps)(q, actor, { verb: 'delete', tenant, status: done ? 200 : 202, output })
  if (done) await deps.erase(q, row)
  const ids = all.map((placed) => placed.row.id)
  const begunOn: BegunOnTenant = {
    ...begun,
    superseded: [...begun.superseded, ...superseded],
    last: tenant,
    containers: ids,
  }
  return { begun: begunOn, removes }
}

async function removeAll(
  { operations }: TenantLifeDeps,
  q: Queries,
  { all, operation }: { readonly all: readonly PlacedContainer[]; readonly operation: string },
): Promise<string[]> {
  const superseded: string[] = []
  for (const { row } of all) {
    const generation = row.generation + 1
    const absent = { desired: 'absent', state: 'deleting', retryAt: null, generation } as const
    await q.containers.update(row.id, absent)
    const to = { targetId: row.id, kind: 'tenants.delete', id: operation }
    superseded.push(...(await operations.giveWay(q, to)))
  }
  return superseded
}

const NAMES_TOLD = 5

function inhabited({ slug }: TenantRow, count: number, all: readonly PlacedContainer[]) {
  const names = all.slice(0, NAMES_TOLD).map(({ row }) => row.name)
  const rest = count > names.length ? ', …' : ''
  const has = `it has ${count} containers (${names.join(', ')}${rest})`
  return failure(
    'state-conflict',
    `Cannot delete tenant "${slug}": ${has}; delete them first, or with it by "cascade"`,
    { kind: 'tenant', name: slug, state: 'in use' },
  )
}

/** Of each kind more than there can be. */
const ALL = 100_000

/** All that is a tenant's, by kind. */
async function membersOf(q: Queries, tenantId: string): Promise<TenantRemoval['removes']> {
  const page = { tenantId, limit: ALL }
  const keys = (await q.keys.list(page)).filter(({ revokedAt }) => revokedAt === null)
  const images = (await q.images.list(tenantId)).filter((row) => row.tenantId === tenantId)
  const names = {
    containers: (await q.containers.ofTenant(tenantId)).map(({ row }) => row.name),
    networks: (await q.networks.ofTenant(tenantId)).map(({ name }) => name),
    images: images.map(({ reference }) => reference),
    registries: (await q.registries.list(tenantId)).map(({ host }) => host),
    secrets: (await q.secrets.list(tenantId)).map(({ name }) => name),
    routes: (await q.routes.list(tenantId)).map(({ name }) => name),
    domains: (await q.domains.list(tenantId)).map(({ name }) => name),
    certificates: (await q.tenantCertificates.list(tenantId)).map(({ name }) => name),
    keys: keys.map(({ id }) => id),
    users: (await q.people.list(page)).map(({ email }) => email),
  } satisfies Record<TenantRemoval['removes'][number]['kind'], string[]>
  return MEMBER_KINDS.map((kind) => ({
    kind,
    count: names[kind].length,
    names: names[kind].slice(0, MOST_MEMBERS_NAMED),
  }))
}
