import { isBelow } from '../../src/core/path-prefix.ts'
import { comparedPath } from './compared-path.ts'
import { namedFields } from './http-fields.ts'
import { targetOf } from './http-forward.ts'
import type { RequestHead } from './http-request.ts'
import { poolOf, type Platform } from './route-pool.ts'
import type { Route, RouteMatch } from './route.ts'
import type { App } from './routing.ts'

/** A route of a host, and the apps that it goes to. */
export interface HostRoute {
  readonly route: Route
  /** As paths are compared. */
  readonly prefix: string
  readonly pool: App
}

/** The routes of each host, the most specific one first. Hosts in lower case, also `*.…`. */
export function routesByHost(
  routes: readonly Route[],
  platform: Platform,
): ReadonlyMap<string, readonly HostRoute[]> {
  const byHost = new Map<string, HostRoute[]>()
  for (const route of routes) {
    const { pathPrefix } = route.match
    const prefix = comparedPath(pathPrefix) ?? pathPrefix
    const one = { route, prefix, pool: poolOf(route, platform) }
    for (const host of route.hosts) {
      const known = byHost.get(host)
      if (known === undefined) byHost.set(host, [one])
      else known.push(one)
    }
  }
  for (const all of byHost.values()) all.sort(bySpecificity)
  return byHost
}

function bySpecificity(one: HostRoute, other: HostRoute): number {
  const [a, b] = [one.route, other.route]
  return (
    other.prefix.length - one.prefix.length ||
    Math.sign(b.match.methods.length) - Math.sign(a.match.methods.length) ||
    b.match.headers.length - a.match.headers.length ||
    (a.id < b.id ? -1 : 1)
  )
}

/** Undefined: none of them takes it. `path-refused`: it may be another path to the app than it is to us. */
export function routeFor(
  routes: readonly HostRoute[],
  head: RequestHead,
): HostRoute | 'path-refused' | undefined {
  // Where no route looks at the path, nobody has to.
  const looks = routes.some(({ prefix }) => prefix !== '/')
  const path = looks ? comparedPath(targetOf(head)) : '/'
  if (path === null) return 'path-refused'
  return routes.find((one) => isBelow(path, one.prefix) && takes(one.route.match, head))
}

function takes({ methods, headers }: RouteMatch, head: RequestHead): boolean {
  const isMethod = methods.length === 0 || methods.includes(head.line.method)
  return isMethod && headers.every((one) => hasField(head, one))
}

function hasField(
  { bytes, fields }: RequestHead,
  { name, value }: RouteMatch['headers'][number],
): boolean {
  const values = namedFields(bytes, fields, name)
  return value === null ? values.length > 0 : values.includes(value)
}
