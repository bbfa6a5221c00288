import { rulesOf } from './route-rules.ts'
import type { Route } from './route.ts'
import type { Member } from './route-table.ts'
import type { App } from './routing.ts'

/** What is there besides the route. */
export interface Platform {
  readonly apps: ReadonlyMap<string, App>
  /** Of the ingress, in lower case. */
  readonly domains: readonly string[]
}

/**
 * The apps that a route goes to, as if they were one: whoever of all their members is chosen is chosen by weight and
 * by what is under way at once, and an app that has nobody healthy leaves its part to the others.
 */
export function poolOf(route: Route, { apps, domains }: Platform): App {
  const { id, tenant, targets, policy } = route
  const shares = new Map<Member, number>()
  for (const { app, weight } of targets) {
    const found = apps.get(app.toLowerCase())
    // A route is of one tenant, and so is whatever it leads to.
    const members = found?.tenant === tenant && weight > 0 ? found.members : []
    for (const member of members) {
      shares.set(member, (shares.get(member) ?? 0) + weight / members.length)
    }
  }
  const full = Math.max(...shares.values())
  const weights = new Map([...shares].map(([member, share]) => [member, share / full]))
  const isEven = [...weights.values()].every((one) => one === 1)
  return {
    key: `route/${id}`,
    tenant,
    members: [...shares.keys()],
    rules: rulesOf(route),
    zones: domains.map((domain) => `${tenant}.${domain}`),
    ...(isEven ? {} : { weights }),
    ...(policy.balance === undefined ? {} : { balance: policy.balance }),
  }
}
