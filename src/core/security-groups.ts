import { addressNumber, addressText, cidrText, type Cidr } from './cidr.ts'
import { ALL_PORTS, disjoint, type Opening, type Ports } from './port-ranges.ts'

/**
 * Security groups: which connections may begin between containers, and from them to the world. A group is the
 * containers that carry it. A direction that one of a container's groups has a list for is guarded: then only
 * what a rule of one of its groups lets through may begin. A packet passes if the sender's side and the
 * receiver's both let it; answers to what has begun always do.
 */
export interface SecurityGroups {
  readonly groups: readonly SecurityGroup[]
  readonly members: readonly GroupMember[]
}

export interface SecurityGroup {
  readonly name: string
  /** null: this group does not guard the direction. */
  readonly ingress: readonly GroupRule[] | null
  readonly egress: readonly GroupRule[] | null
}

export interface GroupRule {
  /** Whom it is about: the containers of a group, a range, or everybody. */
  readonly who: { readonly group: string } | { readonly range: Cidr } | 'anyone'
  readonly protocols: readonly Protocol[]
  /** Without meaning for ICMP. */
  readonly ports: Ports
}

/** Other protocols begin nothing in a direction that is guarded. */
export const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const
export type Protocol = (typeof PROTOCOLS)[number]

export interface GroupMember {
  readonly groups: readonly string[]
  /** `isClosed`: its network lets in only what a rule does. */
  readonly addresses: readonly { readonly address: string; readonly isClosed: boolean }[]
}

/** What begins a connection. */
export interface Beginning {
  readonly from: string
  readonly to: string
  readonly protocol: Protocol
  readonly port: number
}

type Direction = 'ingress' | 'egress'

/** What each address may: undefined where nothing guards it. */
interface Guard {
  readonly address: string
  readonly openings: readonly Opening<Protocol>[]
}

const HOST_PREFIX = 32
const EVERYBODY: Cidr = { base: 0, prefix: 0, size: 2 ** HOST_PREFIX }

/** Whether it may begin, as far as groups and networks within say. */
export function mayBegin(all: SecurityGroups, { from, to, protocol, port }: Beginning): boolean {
  const isLet = (direction: Direction, address: string, other: string): boolean => {
    const member = all.members.find((one) => one.addresses.some((at) => at.address === address))
    if (!member || !isGuarded(all, { member, direction, address })) return true
    const number = addressNumber(other) ?? -1
    return rulesOf(all, member, direction).some(
      ({ who, protocols, ports }) =>
        protocols.includes(protocol) &&
        (protocol === 'icmp' || (port >= ports[0] && port <= ports[1])) &&
        rangesOf(all, who).some(({ base, size }) => number >= base && number < base + size),
    )
  }
  return isLet('egress', from, to) && isLet('ingress', to, from)
}

/** Elements of the packet filter's sets, by the sets' names. */
export interface GuardElements {
  readonly guarded_in: readonly string[]
  readonly guarded_out: readonly string[]
  readonly let_in: readonly string[]
  readonly let_out: readonly string[]
}

export function guardElements(all: SecurityGroups): GuardElements {
  const [ingress, egress] = [guardsOf(all, 'ingress'), guardsOf(all, 'egress')]
  return {
    guarded_in: ingress.map(({ address }) => address),
    guarded_out: egress.map(({ address }) => address),
    let_in: ingress.flatMap(elementsOf),
    let_out: egress.flatMap(elementsOf),
  }
}

/** How much of the packet filter they take. */
export const weightOf = (all: SecurityGroups): number =>
  Object.values(guardElements(all)).reduce((sum, elements) => sum + elements.length, 0)

const guardsOf = (all: SecurityGroups, direction: Direction): Guard[] =>
  all.members.flatMap((member) => {
    const guarded = member.addresses.filter(({ address }) =>
      isGuarded(all, { member, direction, address }),
    )
    if (guarded.length === 0) return []
    const openings = disjoint(rulesOf(all, member, direction).flatMap((rule) => read(all, rule)))
    return guarded.map(({ address }) => ({ address, openings }))
  })

interface At {
  readonly member: GroupMember
  readonly direction: Direction
  readonly address: string
}

const isGuarded = (all: SecurityGroups, { member, direction, address }: At): boolean =>
  groupsOf(all, member).some((group) => group[direction] !== null) ||
  (direction === 'ingress' &&
    member.addresses.some((one) => one.address === address && one.isClosed))

const groupsOf = ({ groups }: SecurityGroups, member: GroupMember): SecurityGroup[] =>
  groups.filter(({ name }) => member.groups.includes(name))

const rulesOf = (
  all: SecurityGroups,
  member: GroupMember,
  direction: Direction,
): readonly GroupRule[] => groupsOf(all, member).flatMap((group) => group[direction] ?? [])

const read = (all: SecurityGroups, { who, protocols, ports }: GroupRule): Opening<Protocol>[] =>
  rangesOf(all, who).flatMap((range) =>
    protocols.map((protocol) => ({
      range,
      protocol,
      ports: protocol === 'icmp' ? ALL_PORTS : ports,
    })),
  )

function rangesOf({ members }: SecurityGroups, who: GroupRule['who']): Cidr[] {
  if (who === 'anyone') return [EVERYBODY]
  if ('range' in who) return [who.range]
  return members
    .filter(({ groups }) => groups.includes(who.group))
    .flatMap(({ addresses }) => addresses.map(({ address }) => hostRange(address)))
}

function hostRange(address: string): Cidr {
  const base = addressNumber(address)
  if (base === undefined) throw new Error(`"${address}" is no address`)
  return { base, prefix: HOST_PREFIX, size: 1 }
}

/** As a set of `ipv4_addr . ipv4_addr . inet_proto . inet_service` takes them. */
const elementsOf = ({ address, openings }: Guard): string[] =>
  openings.map(({ range, protocol, ports }) =>
    [address, rangeText(range), protocol, ports.join('-')].join(' . '),
  )

const rangeText = (range: Cidr): string =>
  range.prefix === 0
    ? `0.0.0.0-${addressText(EVERYBODY.size - 1)}`
    : range.prefix === HOST_PREFIX
      ? addressText(range.base)
      : cidrText(range)
