import { parseCidr } from './cidr.ts'
import { ALL_PORTS, portsOf } from './port-ranges.ts'
import {
  PROTOCOLS,
  type GroupMember,
  type GroupRule,
  type Protocol,
  type SecurityGroup,
  type SecurityGroups,
} from './security-groups.ts'

/** A rule of a firewall as it was asked for. */
export interface AskedRule {
  readonly firewall?: string | undefined
  readonly cidr?: string | undefined
  readonly protocol?: Protocol | undefined
  /** `443` or `8000-8010`. */
  readonly ports?: string | undefined
}

export interface WrongRule {
  readonly index: number
  readonly field: 'cidr' | 'firewall' | 'ports'
  readonly detail: string
}

/** The first rule that says nothing, or what cannot be. */
export function ruleProblem(
  rules: readonly AskedRule[],
  isThere: (firewall: string) => boolean,
): WrongRule | undefined {
  for (const [index, { firewall, cidr, protocol, ports }] of rules.entries()) {
    if (firewall !== undefined && cidr !== undefined) {
      return { index, field: 'cidr', detail: 'a rule is about a firewall or a range, not both' }
    }
    if (firewall !== undefined && !isThere(firewall)) {
      return { index, field: 'firewall', detail: `there is no firewall "${firewall}"` }
    }
    if (cidr !== undefined && !parseCidr(cidr)) {
      const detail = 'a range by its first address is wanted, e.g. 203.0.113.0/24'
      return { index, field: 'cidr', detail }
    }
    if (ports !== undefined && protocol === 'icmp') {
      return { index, field: 'ports', detail: 'icmp has no ports' }
    }
    if (ports !== undefined && !portsOf(ports)) {
      return { index, field: 'ports', detail: 'a port, or two with a hyphen, is wanted: 8000-8010' }
    }
  }
  return undefined
}

/** A firewall as its row has it. */
export interface FirewallFacts {
  readonly name: string
  /** Lists of rules as they were asked for, or `null`. */
  readonly ingressJson: string
  readonly egressJson: string
}

export const securityGroups = (
  firewalls: readonly FirewallFacts[],
  members: readonly GroupMember[],
): SecurityGroups => ({ groups: firewalls.map(groupFrom), members })

const groupFrom = ({ name, ingressJson, egressJson }: FirewallFacts): SecurityGroup => ({
  name,
  ingress: rulesFrom(ingressJson),
  egress: rulesFrom(egressJson),
})

function rulesFrom(json: string): readonly GroupRule[] | null {
  // Written by the firewall service alone, from what the contract has parsed.
  const asked: readonly AskedRule[] | null = JSON.parse(json)
  return asked && asked.flatMap((rule) => ruleFrom(rule) ?? [])
}

function ruleFrom({ firewall, cidr, protocol, ports }: AskedRule): GroupRule | undefined {
  const range = cidr === undefined ? undefined : parseCidr(cidr)
  const some = ports === undefined ? ALL_PORTS : portsOf(ports)
  if (!some || (cidr !== undefined && !range)) return undefined
  const protocols = protocol === undefined ? withPorts(ports) : [protocol]
  const who = firewall !== undefined ? { group: firewall } : range ? { range } : 'anyone'
  return { who, protocols, ports: some }
}

/** What has ports, where a rule names some. */
const withPorts = (ports: string | undefined): readonly Protocol[] =>
  ports === undefined ? PROTOCOLS : PROTOCOLS.filter((one) => one !== 'icmp')
