import type { Queries } from '../../db/open.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Tenant, TenantChange, TenantCreate } from '../contract/tenants.ts'
import type { Actor } from '../core/actor.ts'
import type { Exception } from '../core/exceptions.ts'
import { failure, nameTaken, wrongField } from '../core/failure.ts'
import { RESOURCE_NAMES, type Limits } from '../core/quota.ts'
import { isReservedName } from '../core/reserved-names.ts'
import { accountOfTenant, accountsOfTenants, type Ledger } from './ledger.ts'
import type { SandboxCheck } from './sandbox.ts'
import { tenantDeletion } from './tenant-deletion.ts'
import type { TenantLifeDeps } from './tenant-intents.ts'
import { tenantLife } from './tenant-life.ts'
import { exceptionsOf, refuseDeleting, tenantBySlug } from './tenant-lookup.ts'
import { tenantNotes } from './tenant-notes.ts'
import { NO_ACCOUNT, tenantOf, tenantToChange } from './tenant-view.ts'

export interface TenantDeps extends TenantLifeDeps {
  readonly newId: () => string
  readonly ledger: Pick<Ledger, 'watched'>
  /** Limits of a tenant that is created without its own. */
  readonly defaults: Limits
  readonly requireRuntime: SandboxCheck
  /** Told when what a tenant may have in sum has changed. */
  readonly limitsChanged: (tenantId: string) => void
  /** Without walls between tenants there is only one. */
  readonly isolated: boolean
}

/** A slug is in host names that others may still hold in caches, bookmarks and webhooks. */
const REST_MS = 30 * 24 * 60 * 60 * 1000

export const tenantService = (deps: TenantDeps) => ({
  ...readings(deps),
  ...changes(deps),
  ...tenantLife(deps),
  ...tenantDeletion(deps),
})
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
  const { store } = deps
  const note = tenantNotes(deps)
  return {
    create: (wanted: TenantCreate, actor: Actor): Promise<Tenant> => create(deps, wanted, actor),

    async update(slug: string, change: TenantChange, actor: Actor): Promise<Tenant> {
      await deps.requireRuntime(change.runtime)
      const changed = await store.write(async (q) => {
        const row = await tenantToChange(q, slug, actor)
        refuseDeleting(row, 'Cannot change its limits and policy')
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
  }
}

const NEW_LIFE = { suspendedAt: null, suspendReason: null, deletingAt: null, deletedAt: null }

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
    const row = { id: newId(), slug, ...walls, createdAt: now, ...NEW_LIFE }
    await q.tenants.insert(row)
    await q.limits.put(row.id, limits)
    const tenant = tenantOf(row, { limits, overLimit: [] })
    await tenantNotes(deps)(q, actor, { verb: 'create', tenant, status: 201 })
    return tenant
  })
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
