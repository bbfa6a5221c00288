import type { Queries, Store } from '../../db/open.ts'
import type { RouteRow } from '../../db/queries/routes.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Route, RouteChange, RouteCreate } from '../contract/routes.ts'
import type { Actor } from '../core/actor.ts'
import { failure, nameTaken, notFound, wrongField } from '../core/failure.ts'
import { refuseStale } from '../core/precondition.ts'
import { hostObjection } from '../core/route-hosts.ts'
import { matchKey, routeObjection } from '../core/route-rules.ts'
import { routeOf, specOf, type RouteSpec, type StoredUser } from '../core/route-spec.ts'
import type { Clock } from '../ports/clock.ts'
import { noteChange, type NotingDeps } from './change-note.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface RouteDeps extends NotingDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  /** Domains of the ingress: `cloud.local`, `localhost`. */
  readonly domains: readonly string[]
  /** Slow on purpose: `scrypt:…` of a password. */
  readonly hashPassword: (password: string) => Promise<string>
  readonly routesChanged: () => void
}

interface Asking {
  readonly tenant: string
  readonly actor: Actor
}

interface Named extends Asking {
  /** By name or by id. */
  readonly route: string
}

const MOST_ROUTES = 100

export const routeService = (deps: RouteDeps) => ({
  ...readings(deps),
  create: creating(deps),
  update: updating(deps),
  delete: deleting(deps),
})
export type RouteService = ReturnType<typeof routeService>

const readings = ({ store }: RouteDeps) => ({
  async list(slug: string): Promise<{ items: Route[] }> {
    const tenant = await tenantBySlug(store.read, slug)
    return { items: (await store.read.routes.list(tenant.id)).map(routeOf) }
  },

  async get(slug: string, nameOrId: string): Promise<Route> {
    const tenant = await tenantBySlug(store.read, slug)
    return routeOf(await found(store.read, tenant, nameOrId))
  },
})

function creating(deps: RouteDeps) {
  const { store, clock, newId } = deps
  return async (asking: Asking, { name, ...asked }: RouteCreate): Promise<Route> => {
    const policy = await storedPolicy(deps, asked.policy)
    const made = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant, `Cannot create route "${name}"`)
      if (await q.routes.find(tenant.id, name)) throw nameTaken('route', name)
      if ((await q.routes.countOf(tenant.id)) >= MOST_ROUTES) throw tooMany()
      const spec = { ...asked, policy: finished(policy, []) }
      const of = { id: newId(), tenantId: tenant.id, name, generation: 1 }
      const row = { ...of, specJson: JSON.stringify(spec), createdAt: clock.now().getTime() }
      await check(deps, q, { tenant, row })
      await q.routes.insert(row)
      const output = routeOf(row)
      await noted(deps, q, { asking, verb: 'create', tenant, name, row, status: 201, output })
      return output
    })
    deps.routesChanged()
    return made
  }
}

function updating(deps: RouteDeps) {
  const { store } = deps
  return async (asking: Named, { policy: asked, ...change }: RouteChange): Promise<Route> => {
    const policy = asked && (await storedPolicy(deps, asked))
    const changed = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant, `Cannot change route "${asking.route}"`)
      const was = await found(q, tenant, asking.route)
      const { name } = was
      refuseStale(asking.actor, { kind: 'route', name, current: routeOf(was) })
      const old = specOf(was)
      const spec: RouteSpec = {
        hosts: change.hosts ?? old.hosts,
        match: change.match ?? old.match,
        targets: change.targets ?? old.targets,
        policy: policy ? finished(policy, old.policy.basicAuth?.users ?? []) : old.policy,
      }
      const row = { ...was, specJson: JSON.stringify(spec), generation: was.generation + 1 }
      await check(deps, q, { tenant, row })
      await q.routes.update(row)
      const output = routeOf(row)
      await noted(deps, q, { asking, verb: 'update', tenant, name, row, status: 200, output })
      return output
    })
    deps.routesChanged()
    return changed
  }
}

function deleting(deps: RouteDeps) {
  /** What is not there, another's and gone already are all answered the same. */
  return async (asking: Named): Promise<null> => {
    await deps.store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantBySlug(q, asking.tenant)
      const row = await q.routes.find(tenant.id, asking.route)
      const name = row?.name ?? asking.route
      if (row) await q.routes.remove(row.id)
      await noted(deps, q, { asking, verb: 'delete', tenant, name, row, status: 204, output: null })
    })
    deps.routesChanged()
    return null
  }
}

async function found(q: Queries, { id }: TenantRow, nameOrId: string): Promise<RouteRow> {
  const row = await q.routes.find(id, nameOrId)
  if (row) return row
  throw notFound('route', nameOrId)
}

type Hashed = Omit<RouteSpec['policy'], 'basicAuth'> & {
  readonly basicAuth?: {
    readonly realm: string
    readonly users: readonly { readonly name: string; readonly hash: string | null }[]
  }
}

/** Before the transaction, which is not to wait for it. */
async function storedPolicy(
  { hashPassword }: RouteDeps,
  { basicAuth, ...rest }: RouteCreate['policy'],
): Promise<Hashed> {
  if (basicAuth === undefined) return rest
  const users: { name: string; hash: string | null }[] = []
  for (const { name, password } of basicAuth.users) {
    // oxlint-disable-next-line no-await-in-loop -- each takes memory: one at a time
    users.push({ name, hash: password === undefined ? null : await hashPassword(password) })
  }
  return { ...rest, basicAuth: { realm: basicAuth.realm, users } }
}

/** Who comes without a password keeps the one that there is. */
function finished({ basicAuth, ...rest }: Hashed, known: readonly StoredUser[]) {
  if (basicAuth === undefined) return rest
  const { realm } = basicAuth
  const users = basicAuth.users.map(({ name, hash }, i) => {
    const kept = hash ?? known.find((one) => one.name === name)?.hash
    const at = `#/policy/basicAuth/users/${i}`
    if (kept === undefined) throw wrongField(`${at}/password`, `"${name}" has none yet; give one`)
    const isTwice = basicAuth.users.findIndex((one) => one.name === name) !== i
    if (isTwice) throw wrongField(`${at}/name`, `"${name}" is named twice`)
    return { name, hash: kept }
  })
  return { ...rest, basicAuth: { realm, users } }
}

interface Checked {
  readonly tenant: TenantRow
  readonly row: RouteRow
}

async function check({ domains }: RouteDeps, q: Queries, { tenant, row }: Checked): Promise<void> {
  const spec = specOf(row)
  const broken = routeObjection(spec)
  if (broken) throw wrongField(broken.pointer, broken.detail)
  const own = await q.domains.list(tenant.id)
  for (const [i, host] of spec.hosts.entries()) {
    const why = hostObjection(host, { tenant: tenant.slug, domains, own })
    if (why !== null) throw wrongField(`#/hosts/${i}`, why)
  }
  const others = await q.routes.list(tenant.id)
  for (const other of others) {
    if (other.id !== row.id) refuseEqual(row, other)
  }
}

/** Which of them took a request would be chance. */
function refuseEqual(row: RouteRow, other: RouteRow): void {
  const [mine, theirs] = [specOf(row), specOf(other)]
  if (matchKey(mine.match) !== matchKey(theirs.match)) return
  const host = mine.hosts.find((one) => theirs.hosts.includes(one))
  if (host === undefined) return
  const message = `Cannot accept route "${row.name}": route "${other.name}" takes the same requests of "${host}"`
  throw failure('route-conflict', message, { route: other.name, host })
}

const tooMany = () =>
  failure('too-many-routes', `There are ${MOST_ROUTES} routes already, which is the most`, {
    most: MOST_ROUTES,
  })

interface Note {
  readonly asking: Asking
  readonly verb: 'create' | 'delete' | 'update'
  readonly tenant: TenantRow
  readonly name: string
  /** Undefined: there was nothing to delete. */
  readonly row: RouteRow | undefined
  readonly status: number
  readonly output: unknown
}

const noted = (
  deps: RouteDeps,
  q: Queries,
  { asking, verb, tenant, name, row, status, output }: Note,
): Promise<void> =>
  noteChange(deps, q, {
    actor: asking.actor,
    tenant,
    action: `routes.${verb}`,
    target: `route/${row?.id ?? name}`,
    status,
    output,
    event: row && {
      action: `route.${verb}d`,
      target: { kind: 'route', id: row.id, name },
      message: `Route "${name}" was ${verb}d`,
    },
  })
