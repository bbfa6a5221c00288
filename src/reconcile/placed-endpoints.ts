import type { PlacedContainer } from '../../db/queries/containers.ts'
import { dockerName } from '../core/docker-names.ts'
import type { EndpointWanted } from '../ports/engine.ts'

/** Those that it is to stay in, that of its default route first. */
export const stayingIn = ({ network, address, mac, aliases, further }: PlacedContainer) => [
  { network, address, mac, aliases },
  ...further.filter(({ isLeaving }) => !isLeaving),
]

export const endpointsOf = (placed: PlacedContainer): EndpointWanted[] =>
  stayingIn(placed).map(({ network, address, mac }) => ({
    network: dockerName(placed.tenant, 'network', network.id),
    address,
    mac,
  }))

export const networksOf = (placed: PlacedContainer): string[] =>
  endpointsOf(placed).map(({ network }) => network)
