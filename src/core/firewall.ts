import { cidrText, type Cidr } from './cidr.ts'
import { frameOf } from './firewall-frame.ts'
import { guardElements, type SecurityGroups } from './security-groups.ts'
import { SPECIAL_RANGES } from './special-ranges.ts'

/**
 * The platform's own packet filter as a value: chains that never change while an instance lives, and sets
 * that say who is there. It stands beside the engine's chains and needs none of them: in nftables a packet
 * passes only if every base chain lets it (nft(8), "Chains").
 */
export interface RuleSet {
  readonly table: string
  /** The tables with their chains and with every set empty, as nft(8) reads them. */
  readonly frame: string
  /** What is in each set. */
  readonly sets: readonly RuleSetElements[]
}

export interface RuleSetElements {
  readonly family: Family
  readonly name: string
  readonly elements: readonly string[]
}

export type Family = 'inet' | 'bridge'

/** Where the instance is, which decides what its chains say. */
export interface FirewallPlace {
  readonly table: string
  /** What every bridge of the instance is called, up to its own part. */
  readonly bridgePrefix: string
  readonly resolver: string
  /** Ports of the ingress, open at the resolver's address where a network has it so. */
  readonly ingressPorts: readonly number[]
  /** So many connections at a time may one container have open with the world. */
  readonly mostConnections: number
}

export interface FirewallState {
  readonly networks: readonly FirewallNetwork[]
  readonly members: readonly FirewallMember[]
  /** Each tenant's own, of those who have any. */
  readonly groups: readonly SecurityGroups[]
  /** Ranges that no container may send to: the host's own networks and the address pool. */
  readonly hostRanges: readonly Cidr[]
}

export interface FirewallNetwork {
  readonly bridge: string
  readonly subnet: Cidr
  /** Whether its containers reach the ingress. */
  readonly ingress: boolean
  readonly egress: 'open' | 'none' | readonly EgressRule[]
  /** Whether mail may be sent straight to other servers. */
  readonly smtp: boolean
  /** Bridges of the networks that it is peered with. */
  readonly peers: readonly string[]
}

export interface EgressRule {
  readonly to: Cidr
  readonly protocol: 'tcp' | 'udp'
  readonly ports: readonly [from: number, to: number]
}

export interface FirewallMember {
  readonly bridge: string
  readonly address: string
  readonly mac: string
  /** The host's end of its cable; not known before it runs. */
  readonly port?: string
}

export const tableName = (instance: string): string => `cloudlet_${instance}`

export const ruleSet = (place: FirewallPlace, state: FirewallState): RuleSet => ({
  table: place.table,
  frame: frameOf(place),
  sets: [
    { family: 'inet', name: 'members', elements: state.members.map(memberElement) },
    { family: 'inet', name: 'linked', elements: linked(state.networks) },
    { family: 'inet', name: 'ingress_open', elements: bridgesWith(state, (one) => one.ingress) },
    { family: 'inet', name: 'smtp_open', elements: bridgesWith(state, (one) => one.smtp) },
    {
      family: 'inet',
      name: 'egress_open',
      elements: bridgesWith(state, ({ egress }) => egress === 'open'),
    },
    { family: 'inet', name: 'egress_rules', elements: egressRules(state.networks) },
    {
      family: 'inet',
      name: 'never',
      elements: [...SPECIAL_RANGES, ...state.hostRanges.map(cidrText)],
    },
    ...guards(state.groups),
    { family: 'bridge', name: 'ports', elements: pinned(state, (_, port) => quoted(port)) },
    { family: 'bridge', name: 'pins', elements: pinned(state, pinElement) },
    {
      family: 'bridge',
      name: 'hardware',
      elements: pinned(state, ({ mac }, port) => `${quoted(port)} . ${mac}`),
    },
  ],
})

const GUARDS = ['guarded_in', 'guarded_out', 'let_in', 'let_out'] as const

function guards(groups: readonly SecurityGroups[]): RuleSetElements[] {
  const each = groups.map(guardElements)
  return GUARDS.map((name) => ({
    family: 'inet',
    name,
    elements: each.flatMap((one) => one[name]),
  }))
}

const quoted = (name: string): string => `"${name}"`
const memberElement = ({ bridge, mac, address }: FirewallMember): string =>
  [quoted(bridge), mac, address].join(' . ')

const pinElement = ({ mac, address }: FirewallMember, port: string): string =>
  [quoted(port), mac, address].join(' . ')

/** What is said of each member whose cable is known. */
const pinned = (
  { members }: FirewallState,
  say: (member: FirewallMember, port: string) => string,
): string[] =>
  members.flatMap((member) => (member.port === undefined ? [] : [say(member, member.port)]))

const bridgesWith = (
  { networks }: FirewallState,
  has: (network: FirewallNetwork) => boolean,
): string[] => networks.filter(has).map(({ bridge }) => quoted(bridge))

/** Between which bridges packets may go at all: within each, and to the peers. */
const linked = (networks: readonly FirewallNetwork[]): string[] =>
  networks.flatMap(({ bridge, peers }) =>
    [bridge, ...peers].map((other) => `${quoted(bridge)} . ${quoted(other)}`),
  )

const egressRules = (networks: readonly FirewallNetwork[]): string[] =>
  networks.flatMap(({ subnet, egress }) =>
    typeof egress === 'string' ? [] : egress.map((rule) => egressElement(subnet, rule)),
  )

const egressElement = (from: Cidr, { to, protocol, ports }: EgressRule): string =>
  [cidrText(from), cidrText(to), protocol, ports.join('-')].join(' . ')
