import type { Queries, Store } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Tenant, TenantChange, TenantCreate } from '../contract/tenants.ts'
import type { Actor } from '../core/actor.ts'
import type { Exception } from '../core/exceptions.ts'
import { failure, nameTaken, wrongField } from '../core/failure.ts'
import { refuseStale } from '../core/precondition.ts'
import { allLimits, RESOURCE_NAMES, type Limits } from '../core/quota.ts'
import { isReservedName } from '../core/reserved-names.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { EventService } from './events.ts'
import { accountOfTenant, accountsOfTenants, type Account, type Ledger } from './ledger.ts'
import type { SandboxCheck } from './sandbox.ts'
import { exceptionsOf, tenantBySlug } from './tenant-lookup.ts'

export interface TenantDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditService
  readonly ledger: Pick<Ledger, 'watched'>
  readonly events: Pick<EventService, 'record'>
  /** Limits of a tenant that is created without its own. */
  readonly defaults: Limits
  /** Told when a tenant is gone, so that its keys end at once. */
  readonly ended: (tenantId: string) => void
  readonly requireRuntime: SandboxCheck
  /** Told when what a tenant may have in sum has changed. */
  readonly limitsChanged: (tenantId: string) => void
  /** Without walls between tenants there is only one. */
  readonly isolated: boolean
}

/** A slug is in host names that others may still hold in caches, bookmarks and webhooks. */
const REST_MS = 30 * 24 * 60 * 60 * 1000

export const tenantService = (deps: TenantDeps) => ({ ...readings(deps), ...changes(deps) })
export type TenantService = ReturnType<typeof tenantService>

function readings({ store }: TenantDeps) {
  return {
    async get(slug: string): Promise<Tenant> {
      const row = await tenantBySlug(store.read, slug)
      return tenantOf(row, await accountOfTenant(store.read, row.id))
    },

    async list({ limit, cursor }: { limit: number; cursor?: string | undefined }) {
      const rows = await store.read.tenants.list({ after: cursor, limit })
      const last = rows.length === limit ? rows.at(-1) : undefined
      const accounts = await accountsOfTenants(
        store.read,
        rows.map(({ id }) => id),
      )
      const items = rows.map((row) => tenantOf(row, accounts.get(row.id) ?? NO_ACCOUNT))
      return { items, nextCursor: last?.slug ?? null }
    },
  }
}

function changes(deps: TenantDeps) {
  const { store, clock } = deps
  const note = notes(deps)
  return {
    create: (wanted: TenantCreate, actor: Actor): Promise<Tenant> => create(deps, wanted, actor),

    async update(slug: string, change: TenantChange, actor: Actor): Promise<Tenant> {
      await deps.requireRuntime(change.runtime)
      const changed = await store.write(async (q) => {
        const row = await tenantToChange(q, slug, actor)
        if (change.exceptions) await refuseWithdrawal(q, row, change.exceptions)
        const walls = wallsOf(row, change)
        await q.tenants.update(row.id, walls)
        await deps.ledger.watched(q, row.id, () => q.limits.put(row.id, defined(change.limits)))
        const tenant = tenantOf({ ...row, ...walls }, await accountOfTenant(q, row.id))
        await note(q, actor, { verb: 'update', tenant, status: 200 })
        return tenant
      })
      deps.limitsChanged(changed.id)
      return changed
    },

    async delete(slug: string, actor: Actor): Promise<Tenant> {
      const gone = await store.write(async (q) => {
        const found = await tenantToChange(q, slug, actor)
        await refuseInhabited(q, found)
        const tenant = tenantOf(found, await accountOfTenant(q, found.id))
        const now = clock.now().getTime()
        await q.tenants.markDeleted(found.id, now)
        await q.keys.revokeAllOf(found.id, now)
        await q.people.removeAllOf(found.id)
        await q.registries.removeAllOf(found.id)
        await q.secrets.removeAllOf(found.id)
        await q.images.removeAllOf(found.id)
        await q.limits.removeAllOf(found.id)
        for (const network of await q.networks.ofTenant(found.id)) {
          const generation = network.generation + 1
          await q.networks.update(network.id, { desired: 'absent', generation })
        }
        await note(q, actor, { verb: 'delete', tenant, status: 200 })
        return tenant
      })
      deps.ended(gone.id)
      return gone
    },
  }
}

async function create(deps: TenantDeps, wanted: TenantCreate, actor: Actor): Promise<Tenant> {
  const { store, clock, newId, defaults, isolated } = deps
  const { slug, policy, runtime = 'default' } = wanted
  if (isReservedName(slug)) throw wrongField('#/slug', 'this slug is reserved')
  await deps.requireRuntime(runtime)
  return store.write(async (q) => {
    const now = clock.now().getTime()
    const resting = await q.tenants.lastDeletion(slug)
    const rests = resting !== undefined && now - resting < REST_MS
    if (rests || (await q.tenants.bySlug(slug))) throw nameTaken('tenant', slug)
    if (!isolated && (await q.tenants.liveSlugs()).length > 0) throw onlyOne(slug)

    const limits = { ...defaults, ...defined(wanted.limits) }
    const walls = { policy, runtime, exceptionsJson: JSON.stringify(wanted.exceptions ?? []) }
    const row = { id: newId(), slug, ...walls, createdAt: now, deletedAt: null }
    await q.tenants.insert(row)
    await q.limits.put(row.id, limits)
    const tenant = tenantOf(row, { limits, overLimit: [] })
    await notes(deps)(q, actor, { verb: 'create', tenant, status: 201 })
    return tenant
  })
}

async function tenantToChange(q: Queries, slug: string, actor: Actor): Promise<TenantRow> {
  const row = await tenantBySlug(q, slug)
  const current = tenantOf(row, await accountOfTenant(q, row.id))
  refuseStale(actor, { kind: 'tenant', name: slug, current })
  return row
}

async function refuseInhabited(q: Queries, { id, slug }: TenantRow): Promise<void> {
  const containers = await q.containers.countLive(id)
  if (containers === 0) return
  throw failure(
    'state-conflict',
    `Cannot delete tenant "${slug}": it has ${containers} containers; delete them first`,
    { kind: 'tenant', name: slug, state: 'in use' },
  )
}

const wallsOf = (row: TenantRow, { policy, exceptions, runtime }: TenantChange) => ({
  policy: policy ?? row.policy,
  exceptionsJson: exceptions ? JSON.stringify(exceptions) : row.exceptionsJson,
  runtime: runtime ?? row.runtime,
})

/** A container that was made with an exception keeps it for as long as it lives, so it has to go first. */
async function refuseWithdrawal(
  q: Queries,
  row: TenantRow,
  granted: readonly Exception[],
): Promise<void> {
  const withdrawn = exceptionsOf(row).filter((one) => !granted.includes(one))
  if (withdrawn.length === 0) return
  const holders = await q.containers.withExceptions(row.id, withdrawn)
  if (holders.length === 0) return
  const names = holders.slice(0, NAMES_TOLD).join(', ')
  throw failure(
    'state-conflict',
    `Cannot withdraw exceptions of tenant "${row.slug}": ${holders.length} containers have them (${names}); delete them first`,
    { kind: 'tenant', name: row.slug, state: 'in use' },
  )
}
const NAMES_TOLD = 5

type Verb = 'create' | 'delete' | 'update'
const DONE = { create: 'created', delete: 'deleted', update: 'changed' } as const

interface Note {
  readonly verb: Verb
  /** As it is then. */
  readonly tenant: Tenant
  readonly status: number
}

/** Audit entry and event of a change, inside its transaction. */
const notes =
  ({ audit, events }: Pick<TenantDeps, 'audit' | 'events'>) =>
  async (q: Queries, actor: Actor, { verb, tenant, status }: Note): Promise<void> => {
    const { id, slug } = tenant
    const target = `tenant/${slug}`
    await audit.accepted(q, actor, {
      action: `tenants.${verb}`,
      tenant: { id, slug },
      target,
      status,
      output: tenant,
    })
    await events.record(q, {
      tenantId: id,
      action: `tenant.${DONE[verb]}`,
      level: 'info',
      target: { kind: 'tenant', id, name: slug },
      message: `Tenant "${slug}" was ${DONE[verb]}`,
    })
  }

/** A limit that is absent is not a limit of nothing: only those that were given take effect. */
export function defined(limits: TenantChange['limits'] = {}): Limits {
  return Object.fromEntries(
    RESOURCE_NAMES.flatMap((resource) => {
      const amount = limits[resource]
      return amount === undefined ? [] : [[resource, amount]]
    }),
  )
}

const onlyOne = (slug: string) =>
  failure(
    'state-conflict',
    `Cannot create tenant "${slug}": without isolation there is one tenant; run the platform as root`,
    { kind: 'tenant', name: slug, state: 'not isolated' },
  )

type Held = Pick<Account, 'limits' | 'overLimit'>
const NO_ACCOUNT: Held = { limits: {}, overLimit: [] }

const tenantOf = (row: TenantRow, { limits, overLimit }: Held): Tenant => ({
  id: row.id,
  slug: row.slug,
  policy: row.policy,
  exceptions: exceptionsOf(row),
  runtime: row.runtime,
  limits: allLimits(limits),
  overLimit: [...overLimit],
  createdAt: new Date(row.createdAt).toISOString(),
})
