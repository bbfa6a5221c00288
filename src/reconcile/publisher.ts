import type { Store } from '../../db/open.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import type { OutsideName, RouteTable } from '../../proxy/core/route-table.ts'
import { parseCidr } from '../core/cidr.ts'
import { coalesced } from '../core/coalesced.ts'
import { isWithin } from '../core/ipam.ts'
import { perObject } from '../core/per-object.ts'
import type { Clock } from '../ports/clock.ts'
import type { Edge } from '../ports/edge.ts'
import type { Log } from '../log.ts'
import type { EgressNames } from './egress-names.ts'
import { namesOf } from './network-egress.ts'
import type { PublishedRoutes } from './published-routes.ts'
import { memberOf } from './routes.ts'

export interface PublisherDeps {
  readonly store: Store
  readonly edge: Edge
  readonly clock: Clock
  readonly names: Pick<EgressNames, 'addressesOf'>
  readonly routes: Pick<PublishedRoutes, 'all'>
  readonly table: Pick<RouteTable, 'instance' | 'domains' | 'internalDomain' | 'pool' | 'tunnelKey'>
}

/** Makes the route table from the database and hands it to the edge. */
export function publisher({ store, edge, clock, routes, table, names }: PublisherDeps) {
  let version = 0
  const pool = parseCidr(table.pool)
  const isInPool = (text: string): boolean => {
    const range = parseCidr(text)
    return pool !== undefined && range !== undefined && isWithin(range, pool)
  }

  /** Only those whose row has changed are made anew. */
  const memberAt = perObject(memberOf)

  const outsideOf = (row: NetworkRow): OutsideName[] =>
    namesOf(row).flatMap((name) => {
      const addresses = names.addressesOf(name)
      return addresses.length === 0 ? [] : [{ network: row.id, name, addresses }]
    })

  async function make(): Promise<number> {
    const [placed, tenants, networks, peers, published] = await Promise.all([
      store.read.containers.live(),
      store.read.tenants.liveSlugs(),
      store.read.networks.live(),
      store.read.peerings.active(),
      routes.all(store.read),
    ])
    const ranges = networks.map(({ subnet }) => subnet).filter((one) => !isInPool(one))
    // By the clock, so that a control plane that starts anew is seldom behind what the edge has; where
    // it is, since clocks go back, the edge's own word counts.
    const wanted = Math.max(version + 1, clock.now().getTime())
    version = edge.publish({
      ...table,
      version: wanted,
      tenants,
      ranges,
      peers,
      outside: networks.flatMap(outsideOf),
      members: placed.map(memberAt),
      routes: published,
    })
    return version
  }

  /** Publishes what the database holds now; answers the version. */
  return { publish: coalesced(make) }
}
export type Publisher = ReturnType<typeof publisher>

/** Publishes without anybody waiting for it. What fails is published with the next change. */
export function publishSoon({
  publisher: { publish },
  log,
}: {
  readonly publisher: Publisher
  readonly log: Log
}): void {
  publish().catch((error: unknown) => log('warn', 'Cannot publish the route table', { error }))
}
