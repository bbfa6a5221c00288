import type { NetworkRow } from '../../db/queries/networks.ts'
import type { PeeredPair } from '../../db/queries/peerings.ts'
import { bridgeName } from '../core/docker-names.ts'
import type { PeerPath } from '../ports/peer-paths.ts'

/** Ids of the networks that each is peered with, of those that are there. */
export function peersAmong(
  networks: readonly NetworkRow[],
  pairs: readonly PeeredPair[],
): ReadonlyMap<string, readonly string[]> {
  const there = new Set(networks.filter(({ desired }) => desired === 'present').map(({ id }) => id))
  const live = pairs.filter((pair) => pair.every((id) => there.has(id)))
  const both = live.flatMap(([one, other]) => [[one, other] as const, [other, one] as const])
  const grouped = Map.groupBy(both, ([from]) => from)
  return new Map([...grouped].map(([from, all]) => [from, all.map(([, to]) => to)]))
}

/** Both ways between each two. */
export function pathsAmong(
  networks: readonly NetworkRow[],
  peers: ReadonlyMap<string, readonly string[]>,
  instance: string,
): PeerPath[] {
  const byId = new Map(networks.map((row) => [row.id, row]))
  return [...peers].flatMap(([from, all]) =>
    all.flatMap((to) => {
      const [here, there] = [byId.get(from), byId.get(to)]
      if (!here || !there) return []
      return {
        from: bridgeName(instance, from),
        to: bridgeName(instance, to),
        fromRange: here.subnet,
        toRange: there.subnet,
      }
    }),
  )
}
