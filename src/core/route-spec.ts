import type { Route, RouteCreate } from '../contract/routes.ts'

/** Of whom basic auth lets in. */
export interface StoredUser {
  readonly name: string
  /** `scrypt:<log2 N>:<r>:<p>:<salt>:<key>` */
  readonly hash: string
}

type Policy = Omit<RouteCreate['policy'], 'basicAuth'> & {
  readonly basicAuth?: { readonly realm: string; readonly users: readonly StoredUser[] }
}

/** A route as it is written down: what was asked for, with hashes in place of passwords. */
export interface RouteSpec extends Omit<RouteCreate, 'name' | 'policy'> {
  readonly policy: Policy
}

/** Written by the route service alone, from a parsed request. */
export function specOf({ specJson }: { readonly specJson: string }): RouteSpec {
  const spec: RouteSpec = JSON.parse(specJson)
  return spec
}

interface RouteColumns {
  readonly id: string
  readonly name: string
  readonly specJson: string
  readonly generation: number
  readonly createdAt: number
}

/** As the API shows it: of the users of basic auth the names alone, by the contract. */
export const routeOf = (row: RouteColumns): Route => {
  const { hosts, match, targets, policy } = specOf(row)
  const { basicAuth, ...rest } = policy
  const users = basicAuth?.users.map(({ name }) => ({ name }))
  return {
    id: row.id,
    name: row.name,
    hosts,
    match,
    targets,
    policy: {
      ...rest,
      ...(basicAuth && { basicAuth: { realm: basicAuth.realm, users: users ?? [] } }),
    },
    generation: row.generation,
    createdAt: new Date(row.createdAt).toISOString(),
  }
}
