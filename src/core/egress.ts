import { overlaps, parseCidr, type Cidr } from './cidr.ts'
import type { EgressRule } from './firewall.ts'
import { isWithin } from './ipam.ts'
import { SPECIAL_RANGES } from './special-ranges.ts'

/** Where containers of a network may go, as it was asked for. */
export interface AskedEgress {
  readonly cidr: string
  readonly protocol: 'tcp' | 'udp'
  /** `443` or `8000-8010`. */
  readonly ports: string
}
export type Egress = 'open' | 'none' | readonly AskedEgress[]

const LAST_PORT = 65_535
const SMTP = 25

type Ports = readonly [from: number, to: number]

function portsOf(text: string): Ports | undefined {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const ports: Ports = [Number(from), Number(to)]
  return ports[0] >= 1 && ports[0] <= ports[1] && ports[1] <= LAST_PORT ? ports : undefined
}

const NOWHERE = SPECIAL_RANGES.flatMap((text) => parseCidr(text) ?? [])

export interface WrongEgress {
  readonly index: number
  readonly field: 'cidr' | 'ports'
  readonly detail: string
}

/** The first rule that says nothing, or what can never be. */
export function egressProblem(rules: readonly AskedEgress[]): WrongEgress | undefined {
  for (const [index, { cidr, ports }] of rules.entries()) {
    const to = parseCidr(cidr)
    if (!to) {
      const detail = 'a range by its first address is wanted, e.g. 203.0.113.0/24'
      return { index, field: 'cidr', detail }
    }
    if (NOWHERE.some((one) => isWithin(to, one))) {
      const detail = 'private and special addresses are never reached from a network'
      return { index, field: 'cidr', detail }
    }
    if (!portsOf(ports)) {
      return { index, field: 'ports', detail: 'a port, or two with a hyphen, is wanted: 8000-8010' }
    }
  }
  return undefined
}

interface Reading {
  readonly to: Cidr
  readonly protocol: AskedEgress['protocol']
  readonly ports: readonly Ports[]
}

/**
 * The rules as the packet filter takes them: no two of them overlap, which its sets refuse. Ranges either
 * contain one another or have nothing in common, so the smaller is left only with those ports that no
 * larger one has already.
 */
export function egressRules(asked: readonly AskedEgress[], smtp: boolean): EgressRule[] {
  const merged: Reading[] = []
  const read = asked.flatMap((rule) => readingOf(rule) ?? [])
  for (const one of read.toSorted((a, b) => a.to.prefix - b.to.prefix)) {
    const around = merged.filter(
      ({ to, protocol }) => protocol === one.protocol && overlaps(to, one.to),
    )
    const closed: readonly Ports[] = smtp || one.protocol !== 'tcp' ? [] : [[SMTP, SMTP]]
    const ports = without(one.ports, [...around.flatMap((other) => other.ports), ...closed])
    merged.push({ ...one, ports })
  }
  return merged.flatMap(({ to, protocol, ports }) =>
    ports.map((each) => ({ to, protocol, ports: each })),
  )
}

function readingOf({ cidr, protocol, ports }: AskedEgress): Reading | undefined {
  const [to, some] = [parseCidr(cidr), portsOf(ports)]
  return to && some && { to, protocol, ports: [some] }
}

/** What is left of some stretches of ports without others. */
const without = (ports: readonly Ports[], taken: readonly Ports[]): readonly Ports[] =>
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
