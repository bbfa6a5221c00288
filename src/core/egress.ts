import { parseCidr } from './cidr.ts'
import type { EgressRule } from './firewall.ts'
import { isWithin } from './ipam.ts'
import { disjoint, portsOf, without, type Opening, type Ports } from './port-ranges.ts'
import { SPECIAL_RANGES } from './special-ranges.ts'

/** Where containers of a network may go, as it was asked for. */
export interface AskedEgress {
  /** A range, or instead of it a name. */
  readonly cidr?: string | undefined
  readonly name?: string | undefined
  readonly protocol: 'tcp' | 'udp'
  /** `443` or `8000-8010`. */
  readonly ports: string
}
export type Egress = 'open' | 'none' | readonly AskedEgress[]

const SMTP = 25

const NOWHERE = SPECIAL_RANGES.flatMap((text) => parseCidr(text) ?? [])

export interface WrongEgress {
  readonly index: number
  readonly field: 'cidr' | 'name' | 'ports'
  readonly detail: string
}

/** The first rule that says nothing, or what can never be. */
export function egressProblem(rules: readonly AskedEgress[]): WrongEgress | undefined {
  for (const [index, { cidr, name, ports }] of rules.entries()) {
    if ((cidr === undefined) === (name === undefined)) {
      return { index, field: 'cidr', detail: 'a rule is about a range or a name' }
    }
    if (name !== undefined && !isOutside(name)) {
      const detail = 'a whole name of the world is wanted, e.g. api.example.com'
      return { index, field: 'name', detail }
    }
    const problem = cidr === undefined ? undefined : rangeProblem(cidr)
    if (problem !== undefined) return { index, field: 'cidr', detail: problem }
    if (!portsOf(ports)) {
      return { index, field: 'ports', detail: 'a port, or two with a hyphen, is wanted: 8000-8010' }
    }
  }
  return undefined
}

function rangeProblem(cidr: string): string | undefined {
  const to = parseCidr(cidr)
  if (!to) return 'a range by its first address is wanted, e.g. 203.0.113.0/24'
  const isSpecial = NOWHERE.some((one) => isWithin(to, one))
  return isSpecial ? 'private and special addresses are never reached from a network' : undefined
}

/** Domains whose names are the platform's, the host's or nobody's (RFC 6761, RFC 6762, RFC 8375, RFC 9476). */
const NOT_OUTSIDE = /\.(?:alt|arpa|internal|invalid|local|localhost|onion|test)$/
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

const isOutside = (name: string): boolean => HOST_NAME.test(name) && !NOT_OUTSIDE.test(name)

/** Names in rules, each once. */
export const namesIn = (egress: Egress): string[] =>
  typeof egress === 'string' ? [] : [...new Set(egress.flatMap(({ name }) => name ?? []))]

/** The same with the addresses of names instead of them. */
export const withAddresses = (
  rules: readonly AskedEgress[],
  addressesOf: (name: string) => readonly string[],
): AskedEgress[] =>
  rules.flatMap(({ name, ...rest }) =>
    name === undefined ? rest : addressesOf(name).map((one) => ({ ...rest, cidr: `${one}/32` })),
  )

/** The rules of ranges as the packet filter takes them: no two of them overlap. */
export function egressRules(asked: readonly AskedEgress[], smtp: boolean): EgressRule[] {
  const read = asked.flatMap((rule) => openingsOf(rule, smtp))
  return disjoint(read).map(({ range, protocol, ports }) => ({ to: range, protocol, ports }))
}

function openingsOf(
  { cidr, protocol, ports }: AskedEgress,
  smtp: boolean,
): Opening<AskedEgress['protocol']>[] {
  const [range, some] = [parseCidr(cidr ?? ''), portsOf(ports)]
  if (!range || !some) return []
  const closed: readonly Ports[] = smtp || protocol !== 'tcp' ? [] : [[SMTP, SMTP]]
  return without([some], closed).map((each) => ({ range, protocol, ports: each }))
}
