import { overlaps, type Cidr } from './cidr.ts'

/** From and to, both included. */
export type Ports = readonly [from: number, to: number]

const LAST_PORT = 65_535
export const ALL_PORTS: Ports = [0, LAST_PORT]

/** Reads `443` or `8000-8010`. */
export function portsOf(text: string): Ports | undefined {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const ports: Ports = [Number(from), Number(to)]
  return ports[0] >= 1 && ports[0] <= ports[1] && ports[1] <= LAST_PORT ? ports : undefined
}

/** Ports of a protocol at addresses of a range. */
export interface Opening<P extends string> {
  readonly range: Cidr
  readonly protocol: P
  readonly ports: Ports
}

/**
 * The same without overlaps, which sets of the packet filter refuse. Ranges either contain one another or have
 * nothing in common, so the smaller is left only with those ports that no larger one has already.
 */
export function disjoint<P extends string>(openings: readonly Opening<P>[]): Opening<P>[] {
  const made: Opening<P>[] = []
  for (const one of openings.toSorted((a, b) => a.range.prefix - b.range.prefix)) {
    const around = made.filter(
      ({ range, protocol }) => protocol === one.protocol && overlaps(range, one.range),
    )
    const left = without(
      [one.ports],
      around.map(({ ports }) => ports),
    )
    made.push(...left.map((ports) => ({ ...one, ports })))
  }
  return made
}

/** What is left of some stretches of ports without others. */
export const without = (ports: readonly Ports[], taken: readonly Ports[]): readonly Ports[] =>
  taken.reduce(
    (left, [from, to]) =>
      left.flatMap(([first, last]): Ports[] => {
        if (to < first || from > last) return [[first, last]]
        const before: Ports[] = first < from ? [[first, from - 1]] : []
        const after: Ports[] = last > to ? [[to + 1, last]] : []
        return [...before, ...after]
      }),
    ports,
  )
