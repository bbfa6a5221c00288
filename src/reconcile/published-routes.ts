import type { Queries } from '../../db/open.ts'
import type { ServedRoute } from '../../db/queries/routes.ts'
import type { HeaderChange, Route, RoutePolicy } from '../../proxy/core/route.ts'
import type { CustomHost } from '../core/custom-host.ts'
import { isInDomain } from '../core/host-names.ts'
import { specOf, type RouteSpec } from '../core/route-spec.ts'

/** Routes as the edge takes them; those that have not changed since the last time are the same. */
export function publishedRoutes() {
  let known = new Map<string, { readonly generation: number; readonly route: Route }>()
  return (served: readonly ServedRoute[]): Route[] => {
    const made = served.map((one) => {
      const { id, generation } = one.row
      const old = known.get(id)
      const route = old?.generation === generation ? old.route : routeOf(one)
      return [id, { generation, route }] as const
    })
    known = new Map(made)
    return made.map(([, { route }]) => route)
  }
}

/** Hosts of routes beyond the platform's domains: each is of one tenant, and proved to be. */
export async function customHosts(
  q: Queries,
  domains: readonly string[],
): Promise<readonly CustomHost[]> {
  const all = new Map<string, CustomHost>()
  for (const { row } of await q.routes.served()) {
    for (const host of specOf(row).hosts) {
      const isOwn = domains.some((domain) => isInDomain(host, domain))
      if (!isOwn) all.set(host, { host, tenantId: row.tenantId })
    }
  }
  return [...all.values()]
}

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
