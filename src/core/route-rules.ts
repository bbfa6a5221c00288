import { hostsMeet } from './host-names.ts'
import { isBelow } from './path-prefix.ts'

/** What is held against other rules of a route, and against other routes. */
export interface RuledRoute {
  readonly hosts: readonly string[]
  readonly match: RuledMatch
  readonly targets: readonly { readonly app: string; readonly weight: number }[]
  readonly policy: {
    readonly maintenance?: unknown
    readonly redirect?: RuledRedirect | undefined
    readonly cors?:
      | { readonly origins: readonly string[]; readonly credentials: boolean }
      | undefined
    readonly balance?: { readonly kind: string; readonly on?: string | undefined } | undefined
  }
}

interface RuledMatch {
  readonly pathPrefix: string
  readonly methods: readonly string[]
  readonly headers: readonly { readonly name: string; readonly value: string | null }[]
}

interface RuledRedirect {
  readonly scheme?: 'http' | 'https' | undefined
  readonly host?: string | undefined
  readonly path?: { readonly kind: string; readonly value: string } | undefined
}

export interface RouteObjection {
  readonly pointer: string
  readonly detail: string
}

/** The first rule that a route breaks; null: none. */
export function routeObjection(route: RuledRoute): RouteObjection | null {
  const { targets, policy } = route
  const answersAll = policy.redirect !== undefined || policy.maintenance !== undefined
  const apps = targets.map(({ app }) => app)
  if (new Set(route.hosts).size < route.hosts.length) {
    return { pointer: '#/hosts', detail: 'each host is named once' }
  }
  if (new Set(apps).size < apps.length) {
    return { pointer: '#/targets', detail: 'each app is named once' }
  }
  if (!answersAll && !targets.some(({ weight }) => weight > 0)) {
    const detail =
      'name an app with a weight above 0, or have the policy redirect or be in maintenance'
    return { pointer: '#/targets', detail }
  }
  if (policy.redirect && leadsBack(route, policy.redirect)) {
    const detail =
      'what it leads to is taken by the same route; for TLS alone there is the policy `https`'
    return { pointer: '#/policy/redirect', detail }
  }
  if (policy.cors?.credentials === true && policy.cors.origins.includes('*')) {
    const detail = 'credentials are for origins that are named, not for any'
    return { pointer: '#/policy/cors/origins', detail }
  }
  if ((policy.balance?.kind === 'hash') !== (policy.balance?.on !== undefined)) {
    const detail = '`on` says what a hash is made of, and is for `hash` alone'
    return { pointer: '#/policy/balance/on', detail }
  }
  return null
}

/** The scheme changes nothing: a route takes requests of both. */
function leadsBack({ hosts, match }: RuledRoute, { host, path }: RuledRedirect): boolean {
  const isSameHost = host === undefined || hosts.some((own) => hostsMeet(own, host))
  return isSameHost && (path === undefined || isBelow(path.value, match.pathPrefix))
}

/** The same for two matches that take the same requests. */
export const matchKey = ({ pathPrefix, methods, headers }: RuledMatch): string =>
  JSON.stringify([
    pathPrefix,
    [...new Set(methods)].toSorted(),
    headers.map(({ name, value }) => JSON.stringify([name, value])).toSorted(),
  ])
