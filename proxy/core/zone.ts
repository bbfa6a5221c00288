import { bareAnswer, type Answer, type Soa } from './dns-answer.ts'
import { block, reverseZones, type Block } from './dns-address.ts'
import { LOCAL_ZONES } from './dns-local.ts'
import { below, nameBytes, nameKey, ROOT, type NameKey } from './dns-name.ts'
import { NOWHERE, type NameStore, type Place } from './name-store.ts'
import { RCODE, TYPE } from './dns-wire.ts'
import type { HealthReport, RouteTable } from './route-table.ts'
import { zoneBuilder } from './zone-builder.ts'
import { holdersOf, isLabel, soundMember, type Holders } from './zone-members.ts'
import { SAID } from './name-pack.ts'
import { addApps } from './zone-apps.ts'
import { addLocalhost, addNames, addOutside, addPointers, outsideOwner } from './zone-names.ts'

/** And an absence, which ends when a container starts. Both are cheap to ask again. */
const NEGATIVE_TTL_SECONDS = 1

/** Copies of the apps' zones are not to be old. */
const KEPT_ELSEWHERE = { refreshSeconds: 60 }

/** Whose questions are answered how. Made once a source, and compared by identity. */
export interface View {
  /** A tenant's slug; null: the host, which sees all. */
  readonly tenant: string | null
  /** Ids of the networks that it is in and of their peers, and by `outsideOwner` those that it is in. */
  readonly networks?: readonly string[]
  /** Whether questions about names outside are passed on. */
  readonly forward: boolean
  /** Where the ingress is from there, as an answer. */
  readonly ingress?: Answer | null
}

/** Everything there is to say, ready to be sent. Replaced as a whole by the next one. */
export interface Zone extends Named {
  readonly version: number
  readonly pool: Block | null
  /** Where containers are beside the pool. */
  readonly ranges: readonly Block[]
  /** Zones of the apps, by their apex: the names that lead to the ingress. */
  readonly published: ReadonlyMap<NameKey, readonly NameKey[]>
  /** By address: the members, in any state, since whoever is on its way out still asks. */
  readonly views: ReadonlyMap<string, View>
}

/** The names that exist, with all that there is to say about them: that is what the host is told. */
export interface Named {
  readonly names: NameStore
  /** Tenants and networks to whom names exist; null: everybody. */
  readonly owners: readonly (ReadonlySet<string> | null)[]
  readonly noData: readonly Answer[]
  readonly apexes: readonly Apex[]
  /** Names of which not everybody who knows them is told the same. */
  readonly special: ReadonlyMap<Place, Special>
}

/** What those are told who do not share a network with all of it. */
export type Special = ReadonlyMap<View, ReadonlyMap<number, Answer>>

/** Where a zone begins. What is below it and is not a node does not exist. */
interface Apex {
  readonly owners: ReadonlySet<string> | null
  readonly noName: Answer
  readonly wild: Wild | null
}

/** What every name below an apex says, as under `localhost`. */
export interface Wild {
  readonly records: ReadonlyMap<number, Answer>
  readonly noData: Answer
}

export const HOST: View = { tenant: null, forward: true }
/** Reaches us without being the host: it may know the names, but nothing is asked on its behalf. */
export const OUTSIDER: View = { tenant: null, forward: false }
/** An address of the pool that nobody has. No slug is empty, so it owns nothing. */
export const UNKNOWN: View = { tenant: '', forward: false }

/** Nobody's names: what a responder that has not been told anything yet knows. */
export const NO_TABLE: RouteTable = {
  version: 0,
  instance: '',
  domains: [],
  internalDomain: 'internal',
  pool: '',
  tenants: [],
  members: [],
}

const REFUSED = bareAnswer(RCODE.REFUSED)

/** A question as it lies in a packet: the name from its first length to the root's, and a type. */
interface AskedIn {
  readonly packet: Uint8Array
  readonly start: number
  readonly end: number
  readonly type: number
}

/** Says what a view gets to know. `forward`: nothing here, somebody else has to be asked. */
export function resolveIn(zone: Zone, view: View, asked: AskedIn): Answer | 'forward' {
  const { names, apexes } = zone
  const labels = names.read(asked.packet, asked.start, asked.end)
  const place = names.find(0)
  if (place !== NOWHERE && sees(view, zone.owners[names.owners(place)])) {
    const answer = said(zone, place, { type: asked.type, view })
    return asked.type === TYPE.SRV ? withAddresses(zone, answer, view) : answer
  }
  // Another tenant's name takes this way like one that does not exist, so both take equally long.
  for (let label = 0; label < labels; label++) {
    const above = names.find(label)
    const apex = above === NOWHERE ? undefined : apexes[names.apex(above) - 1]
    if (apex === undefined || !sees(view, apex.owners)) continue
    return apex.wild === null ? apex.noName : ofMap(apex.wild.records, asked.type, apex.wild.noData)
  }
  return view.forward ? 'forward' : REFUSED
}

/** The same for a name by its key. */
export function resolve(
  zone: Zone,
  view: View,
  { key, type }: { readonly key: NameKey; readonly type: number },
): Answer | 'forward' {
  const packet = nameBytes(key)
  return resolveIn(zone, view, { packet, start: 0, end: packet.length, type })
}

/** Nothing known of the owners is nobody. */
function sees(view: View, owners: ReadonlySet<string> | null | undefined): boolean {
  if (owners === undefined) return false
  if (owners === null || view.tenant === null || owners.has(view.tenant)) return true
  return view.networks?.some((one) => owners.has(one)) === true
}

function said(
  { names, special, noData }: Zone,
  place: Place,
  { type, view }: { readonly type: number; readonly view: View },
): Answer {
  const nothing = noData[names.noData(place)] ?? REFUSED
  const how = names.said(place)
  const told = how === SAID.byView ? special.get(place)?.get(view) : undefined
  if (told !== undefined) return ofMap(told, type, nothing)
  const isAddress = type === TYPE.A || type === TYPE.ANY
  if (how === SAID.ingress && isAddress) return view.ingress ?? nothing
  // RFC 8482 §4.1: one of the RRsets is enough of an answer to ANY.
  return names.answer(place, type === TYPE.ANY ? 'any' : type) ?? nothing
}

/** A service's target is two labels above it: `web…` of `_80._tcp.web…` (RFC 2782). */
function withAddresses(zone: Zone, answer: Answer, view: View): Answer {
  const { names } = zone
  const target = names.find(2)
  if (answer.answers === 0 || target === NOWHERE) return answer
  const addresses = said(zone, target, { type: TYPE.A, view })
  if (addresses.answers === 0) return answer
  return { ...answer, extra: { answer: addresses, ownerBytes: names.nameBytes(target) } }
}

function ofMap(records: ReadonlyMap<number, Answer>, type: number, nothing: Answer): Answer {
  if (type !== TYPE.ANY) return records.get(type) ?? nothing
  const [any] = records.values()
  return any ?? nothing
}

/** `seed`: see `nameStore`. */
export function compileZone(table: RouteTable, health: readonly HealthReport[], seed = 0): Zone {
  const soa: Soa = { serial: table.version >>> 0, ttlSeconds: NEGATIVE_TTL_SECONDS }
  const build = zoneBuilder(soa)
  const pool = block(table.pool)
  // Zones first: a name knows its zone from the moment it is made.
  for (const text of LOCAL_ZONES) build.apex(nameKey(text) ?? ROOT, null)
  if (pool !== null) for (const key of reverseZones(pool)) build.apex(key, null)
  const internal = nameKey(table.internalDomain || 'internal') ?? below('internal', ROOT)
  build.apex(internal, null)
  const tenants = new Set([...table.tenants, ...table.members.map(({ tenant }) => tenant)])
  for (const tenant of [...tenants].filter(isLabel)) {
    build.apex(below(tenant, internal), new Set([tenant]))
  }
  addLocalhost(build)

  const members = table.members.flatMap((member) => soundMember(member) ?? [])
  const holders = holdersOf(members)
  const views = viewsOf(holders, table.peers ?? [])
  const reports = new Map(health.map((report) => [report.id, report]))
  addNames(build, { internal, members, reports, views: new Set(views.values()) })
  addPointers(build, internal, holders)
  addOutside(build, table.outside ?? [])
  const published = addApps(build, { table, members, soa: { ...soa, ...KEPT_ELSEWHERE } })
  const ranges = (table.ranges ?? []).flatMap((text) => block(text) ?? [])
  return { version: table.version, pool, ranges, views, published, ...build.done(seed) }
}

/** Each address asks as its member: what it gets to see is what is in its networks, and in their peers. */
function viewsOf(holders: Holders, peers: NonNullable<RouteTable['peers']>): Map<string, View> {
  const seenFrom = peersOf(peers)
  const made = new Map<string, View>()
  const views = new Map<string, View>()
  for (const [address, { member }] of holders) {
    const own = member.places.map(({ network }) => network)
    const seen = own.flatMap((network) => seenFrom.get(network) ?? [])
    const outside = own.map(outsideOwner)
    const networks = [...new Set([...own, ...seen, ...outside])].toSorted()
    const key = [member.tenant, ...networks].join(' ')
    const view = made.get(key) ?? { tenant: member.tenant, networks, forward: true }
    made.set(key, view)
    views.set(address, view)
  }
  return views
}

function peersOf(peers: NonNullable<RouteTable['peers']>): ReadonlyMap<string, readonly string[]> {
  const both = peers.flatMap(([one, other]) => [[one, other] as const, [other, one] as const])
  const grouped = Map.groupBy(both, ([from]) => from)
  return new Map([...grouped].map(([from, all]) => [from, all.map(([, to]) => to)]))
}
