import type { Store } from '../../db/open.ts'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import { parseCidr } from '../core/cidr.ts'
import { coalesced } from '../core/coalesced.ts'
import { bridgeName } from '../core/docker-names.ts'
import {
  ruleSet,
  type FirewallMember,
  type FirewallNetwork,
  type FirewallPlace,
} from '../core/firewall.ts'
import { egressRules, withAddresses } from '../core/egress.ts'
import type { EgressNames } from './egress-names.ts'
import { egressOf, namesAmong } from './network-egress.ts'
import { perObject } from '../core/per-object.ts'
import type { Log } from '../log.ts'
import type { Timers } from '../ports/timers.ts'
import { bandwidthKeeper, isLimited } from './bandwidth.ts'
import { specOf } from './container-wanted.ts'
import { within } from './deadline.ts'
import { groupsAmong } from './firewall-groups.ts'
import type { CablePins } from './cable-pins.ts'
import type { Firewall } from '../ports/firewall.ts'
import type { Shaper } from '../ports/shaper.ts'
import type { PeerPath, PeerPaths } from '../ports/peer-paths.ts'
import { pathsAmong, peersAmong } from './peer-paths.ts'
import { stayingIn } from './placed-endpoints.ts'

export interface FirewallDeps {
  readonly store: Store
  /** Null where nothing is isolated. */
  readonly firewall: Firewall | null
  /** Null where nothing is isolated. */
  readonly peerPaths: PeerPaths | null
  /** Null where nothing is isolated. */
  readonly shaper: Shaper | null
  readonly place: FirewallPlace
  readonly instance: string
  readonly timers: Timers
  readonly log: Log
  readonly pins: CablePins
  readonly names: EgressNames
}

/**
 * Without raw sockets nobody can send under another's address, so the pin, which takes two programs, comes when the
 * first work of an app is done.
 */
const APART_MS = 500

const hasRawSockets = ({ row }: PlacedContainer): boolean =>
  specOf(row).exceptions?.includes('capability:NET_RAW') === true

/** A change of the rules is begun for many, and ended by none of them. */
const UNENDED = new AbortController().signal
/** No single change of the rules takes longer. */
const DEADLINE_MS = 15_000

export interface SettledFirewall {
  /** Resolves once the rules know everybody that the database does now. */
  asserted(): Promise<void>
  /** One of them has just been started: what it sends is held to its own cable, as soon as that is known. */
  started(placed: PlacedContainer): void
  /** As at each full look: what another hand has changed is made anew. */
  settle(): Promise<void>
}

/** Keeps the host's packet filter in step with the database. */
export function firewallKeeper(deps: FirewallDeps): SettledFirewall {
  const { store, firewall, pins, names, place, instance, timers, log } = deps
  const pathsFor = pathKeeper(deps)
  const shapeAll = bandwidthKeeper(deps)
  const membersAt = perObject((placed: PlacedContainer) => membersOf(placed, instance))

  const onCables = (members: readonly FirewallMember[], { row }: PlacedContainer) =>
    members.map((member) => withPort(member, pins.portOf(row.id, member)))

  const networkAt = (row: NetworkRow, peers: readonly string[] | undefined) =>
    networkOf(row, { instance, names, peers })

  async function assert(isThorough: boolean): Promise<void> {
    if (!firewall) return
    const [networks, containers, firewalls, pairs, hostRanges] = await allIn(store, firewall)
    names.want(namesAmong(networks))
    const peers = peersAmong(networks, pairs)
    const rules = ruleSet(place, {
      networks: networks.map((row) => networkAt(row, peers.get(row.id))),
      members: containers.flatMap((placed) => onCables(membersAt(placed), placed)),
      groups: groupsAmong(firewalls, networks, containers),
      hostRanges,
    })
    const limits = { timers, ms: DEADLINE_MS, signal: UNENDED }
    const isMadeAnew = await within(limits, async (signal) => {
      if (isThorough) return firewall.settle(rules, signal)
      await firewall.assert(rules, signal)
      return false
    })
    if (isMadeAnew) log('warn', 'The packet filter was not as it had been left, and was made anew')
    await pathsFor(pathsAmong(networks, peers, instance), isThorough)
    await shapeAll(containers, isThorough)
  }

  // One at a time: both go by what was last made.
  let isLookDue = true
  const assertNext = coalesced(async () => {
    const isThorough = isLookDue
    isLookDue = false
    await assert(isThorough)
  })
  function pin(placed: PlacedContainer): void {
    const renewed = pins.renew(placed).then(() => assertNext())
    renewed.catch((error: unknown) => {
      log('warn', NOT_PINNED, { container: placed.row.id, error })
    })
  }

  const pinned = coalesced(async () => {
    if (firewall && (await pins.settle(await store.read.containers.live()))) await assertNext()
  })
  return {
    asserted: assertNext,
    started(placed) {
      if (hasRawSockets(placed) || isLimited(placed)) pin(placed)
      else timers.after(APART_MS, () => pin(placed))
    },
    async settle() {
      isLookDue = true
      await assertNext().catch((error: unknown) => log('error', NOT_ASSERTED, { error }))
      // Whoever waits for the rules does not wait for an engine that is slow to say where its cables are.
      pinned().catch((error: unknown) => log('warn', NOT_PINNED, { error }))
    },
  }
}

/** What the rules are made of. Read at once: every start waits for it. */
const allIn = ({ read }: Store, firewall: Firewall) =>
  Promise.all([
    read.networks.live(),
    read.containers.live(),
    read.firewalls.all(),
    read.peerings.active(),
    firewall.hostRanges(),
  ])

/** Without paths peers do not reach each other, which is no reason to hold up anything else. */
const pathKeeper =
  ({ peerPaths, timers, log }: FirewallDeps) =>
  (paths: readonly PeerPath[], isThorough: boolean): Promise<void> =>
    within({ timers, ms: DEADLINE_MS, signal: UNENDED }, async (signal) =>
      peerPaths?.assert(paths, isThorough, signal),
    ).catch((error: unknown) => log('warn', 'Peered networks may not reach each other', { error }))

const NOT_ASSERTED = 'Cannot assert the packet filter: no container is started until it can be'

const NOT_PINNED = 'Cannot pin a cable; the next full look does'

const withPort = (member: FirewallMember, port: string | undefined): FirewallMember =>
  port === undefined ? member : { ...member, port }

/** In each of its networks; what it is to leave is closed to it at once. */
const membersOf = (placed: PlacedContainer, instance: string): FirewallMember[] =>
  stayingIn(placed).map(({ network, address, mac }) => ({
    bridge: bridgeName(instance, network.id),
    address,
    mac,
  }))

interface Around {
  readonly instance: string
  readonly names: Pick<EgressNames, 'addressesOf'>
  /** Ids of networks. */
  readonly peers: readonly string[] | undefined
}

function networkOf(row: NetworkRow, { instance, names, peers = [] }: Around): FirewallNetwork {
  const { id, subnet, ingress, smtp } = row
  const range = parseCidr(subnet)
  if (!range) throw new Error(`Network "${id}" has the subnet "${subnet}"`)
  const bridge = bridgeName(instance, id)
  const asked = egressOf(row)
  const egress =
    typeof asked === 'string' ? asked : egressRules(withAddresses(asked, names.addressesOf), smtp)
  const peerBridges = peers.map((one) => bridgeName(instance, one))
  return { bridge, subnet: range, ingress, egress, smtp, peers: peerBridges }
}
