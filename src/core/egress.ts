import { parseCidr } from './cidr.ts'
import type { EgressRule } from './firewall.ts'
import { isWithin } from './ipam.ts'
import { disjoint, portsOf, without, type Opening, type Ports } from './port-ranges.ts'
import { SPECIAL_RANGES } from './special-ranges.ts'

/** Where containers of a network may go, as it was asked for. */
export interface AskedEgress {
  readonly cidr: string
  readonly protocol: 'tcp' | 'udp'
  /** `443` or `8000-8010`. */
  readonly ports: string
}
export type Egress = 'open' | 'none' | readonly AskedEgress[]

const SMTP = 25

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

/** The rules as the packet filter takes them: no two of them overlap. */
export function egressRules(asked: readonly AskedEgress[], smtp: boolean): EgressRule[] {
  const read = asked.flatMap((rule) => openingsOf(rule, smtp))
  return disjoint(read).map(({ range, protocol, ports }) => ({ to: range, protocol, ports }))
}

function openingsOf(
  { cidr, protocol, ports }: AskedEgress,
  smtp: boolean,
): Opening<AskedEgress['protocol']>[] {
  const [range, some] = [parseCidr(cidr), portsOf(ports)]
  if (!range || !some) return []
  const closed: readonly Ports[] = smtp || protocol !== 'tcp' ? [] : [[SMTP, SMTP]]
  return without([some], closed).map((each) => ({ range, protocol, ports: each }))
}
