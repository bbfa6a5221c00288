import type { ApiFront } from './api-front.ts'
import { block, contains, ipv4 } from './dns-address.ts'
import { routesByHost, type HostRoute } from './route-match.ts'
import type { Balance } from './route.ts'
import type { RouteRules } from './route-rules.ts'
import type { HealthReport, Member, RouteTable } from './route-table.ts'

/** A name that the ingress answers for, and who stands behind it: a container's own, or a route's apps as one. */
export interface App {
  /** `<app>.<tenant>`: the same for every domain. Of a route `route/<id>`. */
  readonly key: string
  readonly tenant: string
  readonly members: readonly Member[]
  /** Each one's part of a full share, above 0 and at most 1; absent: all have the same. */
  readonly weights?: ReadonlyMap<Member, number>
  /** Absent: in turn. */
  readonly balance?: Balance
  /** What comes first at its host, the most specific one first. */
  readonly routes?: readonly HostRoute[]
  /** Of a route: its tenant's parts of the platform's domains. */
  readonly zones?: readonly string[]
  /** Of a route: what is done with its requests. */
  readonly rules?: RouteRules
  /** It is no tenant's, but the platform's own API. */
  readonly front?: ApiFront
}

/** The tenant's part of the platform's domain, where the host is in it; null: the host is the app's own. */
export function zoneOf({ key, zones }: App, host: string): string | null {
  if (zones !== undefined) return zones.find((zone) => host.endsWith(`.${zone}`)) ?? null
  return host.startsWith(`${key}.`) ? host.slice(host.indexOf('.') + 1) : null
}

export interface Routing {
  readonly version: number
  readonly instance: string
  /** `host` in lower case, without port and trailing dot, as the head's reader gives it. */
  find(host: string): App | undefined
  /**
   * Whose container has this address, as a number: a tenant's slug; `''` where it is nobody's of a range of
   * containers; null where it is outside of all of them.
   */
  tenantAt(address: number): string | null
  readonly apps: ReadonlyMap<string, App>
  /** Keys of the routes' apps. */
  readonly pools: ReadonlySet<string>
}

/** The key of the app that a member is of. */
export const appKey = ({ name, tenant }: Member): string => `${name}.${tenant}`.toLowerCase()

/** Compiles a table once, so that a request costs one look-up however many apps there are. */
export function compileRouting(table: RouteTable): Routing {
  const apps = new Map<string, { key: string; tenant: string; members: Member[] }>()
  for (const member of table.members) {
    // A container without a port serves nobody outside its network, so it is no app.
    if (member.port !== null) {
      const key = appKey(member)
      const app = apps.get(key) ?? { key, tenant: member.tenant, members: [] }
      app.members.push(member)
      apps.set(key, app)
    }
  }
  const hosts = new Map<string, App>()
  for (const domain of table.domains) {
    for (const [key, app] of apps) hosts.set(`${key}.${domain.toLowerCase()}`, app)
  }
  const { pools, wild } = addRoutes(hosts, table, apps)
  const tenants = tenantsByAddress(table)
  const blocks = [table.pool, ...(table.ranges ?? [])].flatMap((text) => block(text) ?? [])
  return {
    version: table.version,
    instance: table.instance,
    find: (host) =>
      hosts.get(host) ?? (wild.size > 0 ? wild.get(host.slice(host.indexOf('.') + 1)) : undefined),
    tenantAt: (address) =>
      blocks.some((one) => contains(one, address)) ? (tenants.get(address) ?? '') : null,
    apps,
    pools,
  }
}

/** A host of a route is of the route's tenant alone; one with an app of its own stays that app's for the rest. */
function addRoutes(hosts: Map<string, App>, table: RouteTable, apps: ReadonlyMap<string, App>) {
  const domains = table.domains.map((domain) => domain.toLowerCase())
  const wild = new Map<string, App>()
  const pools = new Set<string>()
  for (const [host, all] of routesByHost(table.routes ?? [], { apps, domains })) {
    const isWild = host.startsWith('*.')
    const own = isWild ? undefined : hosts.get(host)
    const tenant = own?.tenant ?? all[0]?.route.tenant ?? ''
    const routes = all.filter(({ route }) => route.tenant === tenant)
    const app = own ?? { key: `host/${host}`, tenant, members: [] }
    if (isWild) wild.set(host.slice(2), { ...app, routes })
    else hosts.set(host, { ...app, routes })
    for (const { pool } of routes) pools.add(pool.key)
  }
  return { pools, wild }
}

function tenantsByAddress({ members }: RouteTable): ReadonlyMap<number, string> {
  return new Map(
    members.flatMap(({ tenant, address, places = [] }) =>
      [address, ...places.map((one) => one.address)].flatMap((text) => {
        const number = ipv4(text)
        return number === null ? [] : [[number, tenant] as const]
      }),
    ),
  )
}

/** What is known of members' health: an immutable view, replaced by `mergeHealth`. */
export type Health = ReadonlyMap<string, HealthReport>

export const NO_HEALTH: Health = new Map()

/** A report of an earlier run than the one on record comes late and says nothing any more. */
export function mergeHealth(health: Health, reports: readonly HealthReport[]): Health {
  const merged = new Map(health)
  for (const report of reports) {
    const known = merged.get(report.id)
    if (known === undefined || known.run <= report.run) merged.set(report.id, report)
  }
  return merged
}

/** Forgets whoever the table no longer names, so that the view cannot grow for ever. */
export function pruneHealth(health: Health, table: RouteTable): Health {
  const named = new Set(table.members.map((member) => member.id))
  return new Map([...health].filter(([id]) => named.has(id)))
}

type MemberHealth = 'healthy' | 'unhealthy' | 'pending'

export function healthOf(member: Member, health: Health): MemberHealth {
  if (member.check === null) return 'healthy'
  const report = health.get(member.id)
  if (report === undefined || report.run !== member.run) return 'pending'
  return report.healthy ? 'healthy' : 'unhealthy'
}

export type Choice =
  /** One of these; the balancer says which one, and who is next where a connection fails. */
  | { readonly kind: 'try'; readonly members: readonly Member[] }
  /** Somebody is about to run. */
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'unavailable'
      readonly code: 'not-running' | 'suspended' | 'unhealthy'
      readonly reason: string
    }

const WAIT: Choice = { kind: 'wait' }
const NOT_RUNNING: Choice = {
  kind: 'unavailable',
  code: 'not-running',
  reason: 'no container of it is running',
}

const SUSPENDED: Choice = {
  kind: 'unavailable',
  code: 'suspended',
  reason: 'its tenant is suspended',
}

/**
 * Who may be asked: healthy members; where none is known to be healthy, those of which nothing is known yet,
 * since one of them may already listen.
 */
export function choose(app: App, health: Health): Choice {
  const healthy: Member[] = []
  const pending: Member[] = []
  let sick: Member | undefined
  let starting = false
  for (const member of app.members) {
    if (member.state === 'suspended') return SUSPENDED
    if (member.state === 'starting') {
      starting = true
    } else if (member.state === 'running') {
      const state = healthOf(member, health)
      if (state === 'healthy') healthy.push(member)
      else if (state === 'pending') pending.push(member)
      else sick = member
    }
  }
  const able = healthy.length > 0 ? healthy : pending
  if (able.length > 0) return { kind: 'try', members: able }
  if (starting) return WAIT
  if (sick === undefined) return NOT_RUNNING
  return {
    kind: 'unavailable',
    code: 'unhealthy',
    reason: `no container of it is healthy (${health.get(sick.id)?.reason ?? 'not known'})`,
  }
}
