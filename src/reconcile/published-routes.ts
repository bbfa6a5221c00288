import type { Queries } from '../../db/open.ts'
import type { DomainRow } from '../../db/queries/domains.ts'
import type { ServedRoute } from '../../db/queries/routes.ts'
import type { HeaderChange, Route, RoutePolicy } from '../../proxy/core/route.ts'
import type { CustomHost } from '../core/custom-host.ts'
import { isInZone } from '../core/host-names.ts'
import { servedHosts } from '../core/route-hosts.ts'
import { specOf, type RouteSpec } from '../core/route-spec.ts'

/** Domains of the ingress: `cloud.local`, `localhost`. */
type Domains = readonly string[]

interface Published {
  readonly route: Route
  readonly tenantId: string
}

/** Routes as the edge takes them; those that have not changed since the last time are the same. */
export function publishedRoutes(domains: Domains) {
  let known = new Map<string, { readonly generation: number; readonly route: Route }>()

  async function published(q: Queries): Promise<Published[]> {
    const made = (await q.routes.served()).map((one) => {
      const { id, generation } = one.row
      const old = known.get(id)
      const route = old?.generation === generation ? old.route : routeOf(one)
      return { id, generation, route, tenantId: one.row.tenantId }
    })
    known = new Map(made.map((one) => [one.id, one]))
    if (made.length === 0) return []
    const owned = await ownDomains(q)
    return made.flatMap(({ route, tenantId }) => {
      const around = { tenant: route.tenant, domains, own: owned.get(tenantId) ?? [] }
      const hosts = servedHosts(route.hosts, around)
      if (hosts.length === route.hosts.length) return [{ route, tenantId }]
      return hosts.length === 0 ? [] : [{ route: { ...route, hosts }, tenantId }]
    })
  }

  return {
    all: async (q: Queries): Promise<Route[]> => (await published(q)).map(({ route }) => route),
    /** Hosts beyond the platform's domains: each is of one tenant, and proved to be. */
    async customHosts(q: Queries): Promise<readonly CustomHost[]> {
      const custom = (await published(q)).flatMap(({ route, tenantId }) =>
        route.hosts
          .filter((host) => !isInZone(host, route.tenant, domains))
          .map((host) => [host, { host, tenantId }] as const),
      )
      return [...new Map(custom).values()]
    },
  }
}
export type PublishedRoutes = ReturnType<typeof publishedRoutes>

/** By tenant. */
const ownDomains = async (q: Queries): Promise<ReadonlyMap<string, DomainRow[]>> =>
  Map.groupBy(await q.domains.proved(), ({ tenantId }) => tenantId)

function routeOf({ row, tenant }: ServedRoute): Route {
  const { hosts, match, targets, policy } = specOf(row)
  return {
    id: row.id,
    tenant,
    name: row.name,
    hosts,
    match,
    targets: targets.map(({ app, weight }) => ({ app: `${app}.${tenant}`, weight })),
    policy: policyOf(policy, tenant),
  }
}

type Spec = RouteSpec['policy']
type Same = Omit<
  RoutePolicy,
  'balance' | 'forwardAuth' | 'mirror' | 'requestHeaders' | 'responseHeaders' | 'timeouts'
>

function policyOf(spec: Spec, tenant: string): RoutePolicy {
  const { forwardAuth, mirror, requestHeaders, responseHeaders, balance, timeouts, ...rest } = spec
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of JSON: nothing in it is undefined
  const same = rest as Same
  return {
    ...same,
    ...(forwardAuth && { forwardAuth: { ...forwardAuth, app: `${forwardAuth.app}.${tenant}` } }),
    ...(mirror && { mirror: { ...mirror, app: `${mirror.app}.${tenant}` } }),
    ...(requestHeaders && { requestHeaders: changeOf(requestHeaders) }),
    ...(responseHeaders && { responseHeaders: changeOf(responseHeaders) }),
    ...(balance && { balance: balanceOf(balance) }),
    ...(timeouts && { timeouts: timeoutsOf(timeouts) }),
  }
}

const changeOf = ({ remove, set, add }: NonNullable<Spec['requestHeaders']>): HeaderChange => ({
  ...(remove && { remove }),
  ...(set && { set: Object.entries(set) }),
  ...(add && { add: Object.entries(add) }),
})

function balanceOf(spec: NonNullable<Spec['balance']>): NonNullable<RoutePolicy['balance']> {
  const { kind, on, maxRequests, queue, queueSeconds, slowStartSeconds } = spec
  return {
    kind,
    ...(on !== undefined && { on }),
    ...(maxRequests !== undefined && { maxRequests }),
    ...(queue !== undefined && { queue }),
    ...(queueSeconds !== undefined && { queueMs: queueSeconds * 1000 }),
    ...(slowStartSeconds !== undefined && { slowStartMs: slowStartSeconds * 1000 }),
  }
}

const timeoutsOf = ({ responseHeadSeconds, requestSeconds }: NonNullable<Spec['timeouts']>) => ({
  ...(responseHeadSeconds !== undefined && { responseHeadMs: responseHeadSeconds * 1000 }),
  ...(requestSeconds !== undefined && { requestMs: requestSeconds * 1000 }),
})
