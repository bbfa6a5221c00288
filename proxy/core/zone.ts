import { bareAnswer, denial, recordsAnswer, soaData, type Answer, type Soa } from './dns-answer.ts'
import {
  block,
  contains,
  ipv4,
  ipv4Bytes,
  reverseName,
  reverseZones,
  type Block,
} from './dns-address.ts'
import { LOCAL_ZONES } from './dns-local.ts'
import { below, nameBytes, nameKey, parent, ROOT, type NameKey } from './dns-name.ts'
import { RCODE, TYPE } from './dns-wire.ts'
import type { HealthReport, Member, RouteTable } from './route-table.ts'

/** How long an answer may be kept: a container that has just become unhealthy is gone this soon. */
const TTL_SECONDS = 5
/** And an absence, which ends when a container starts. Both are cheap to ask again. */
const NEGATIVE_TTL_SECONDS = 1

/** Whose questions are answered how. Made once a source, and compared by identity. */
export interface View {
  /** A tenant's slug; null: the host, which sees all. */
  readonly tenant: string | null
  /** Whether questions about names outside are passed on. */
  readonly forward: boolean
}

/** Everything there is to say, ready to be sent. Replaced as a whole by the next one. */
export interface Zone {
  readonly version: number
  readonly pool: Block | null
  /** By address: the members, in any state, since whoever is on its way out still asks. */
  readonly views: ReadonlyMap<string, View>
  readonly nodes: ReadonlyMap<NameKey, ZoneNode>
  readonly apexes: ReadonlyMap<NameKey, Apex>
}

/** A name that exists. */
interface ZoneNode {
  /** Tenants to whom it does; null: everybody. */
  readonly owners: ReadonlySet<string> | null
  readonly records: ReadonlyMap<number, Answer>
  readonly noData: Answer
}

/** Where a zone begins. What is below it and is not a node does not exist. */
interface Apex {
  readonly owners: ReadonlySet<string> | null
  readonly noName: Answer
  /** What every name below it says instead, as under `localhost`. */
  readonly wild: ZoneNode | null
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

/** Says what a view gets to know. `forward`: nothing here, somebody else has to be asked. */
export function resolve(
  zone: Zone,
  view: View,
  asked: { readonly key: NameKey; readonly type: number },
): Answer | 'forward' {
  const { key, type } = asked
  const node = zone.nodes.get(key)
  if (node !== undefined && sees(view, node.owners)) return said(node, type)
  // Another tenant's name takes this way like one that does not exist, so both take equally long.
  for (let at = 0; at < key.length; at += 1 + key.charCodeAt(at)) {
    const apex = zone.apexes.get(key.slice(at))
    if (apex === undefined || !sees(view, apex.owners)) continue
    return apex.wild === null ? apex.noName : said(apex.wild, type)
  }
  return view.forward ? 'forward' : REFUSED
}

function sees(view: View, owners: ReadonlySet<string> | null): boolean {
  return owners === null || view.tenant === null || owners.has(view.tenant)
}

function said(node: ZoneNode, type: number): Answer {
  const answer = node.records.get(type)
  if (answer !== undefined) return answer
  if (type !== TYPE.ANY) return node.noData
  // RFC 8482 §4.1: one of the RRsets is enough of an answer to ANY.
  for (const [, any] of node.records) return any
  return node.noData
}

/** A container that gets traffic: its process runs, and its check says so where it has one. */
function isReady(member: Member, health: ReadonlyMap<string, HealthReport>): boolean {
  if (member.state !== 'running') return false
  if (member.check === null) return true
  const report = health.get(member.id)
  return report !== undefined && report.run === member.run && report.healthy
}

export function compileZone(table: RouteTable, health: readonly HealthReport[]): Zone {
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

  const members = table.members.filter(isSound)
  const holders = holdersOf(members)
  const reports = new Map(health.map((report) => [report.id, report]))
  addNames(build, { internal, members, reports })
  if (pool !== null) addPointers(build, { internal, holders, pool })
  return { version: table.version, pool, views: viewsOf(holders), ...build.done() }
}

interface Names {
  readonly internal: NameKey
  readonly members: readonly Member[]
  readonly reports: ReadonlyMap<string, HealthReport>
}

type Builder = ReturnType<typeof zoneBuilder>

function addNames(build: Builder, { internal, members, reports }: Names): void {
  const ready = new Map<NameKey, Set<number>>()
  for (const member of members) {
    const key = below(member.name, below(member.tenant, internal))
    build.node(key, new Set([member.tenant]))
    const addresses = ready.get(key) ?? new Set()
    ready.set(key, addresses)
    if (isReady(member, reports)) addresses.add(ipv4(member.address) ?? 0)
  }
  for (const [key, addresses] of ready) {
    const data = [...addresses].toSorted((a, b) => a - b).map(ipv4Bytes)
    if (data.length > 0) build.records(key, TYPE.A, data)
  }
}

function addPointers(
  build: Builder,
  { internal, holders, pool }: { internal: NameKey; holders: Holders; pool: Block },
): void {
  for (const [text, member] of holders) {
    const address = ipv4(text)
    if (address === null || !contains(pool, address)) continue
    const target = below(member.name, below(member.tenant, internal))
    addPointer(build, { address, target, owners: new Set([member.tenant]) })
  }
}

function addPointer(
  build: Builder,
  pointer: { address: number; target: NameKey; owners: ReadonlySet<string> | null },
): void {
  const key = reverseName(pointer.address)
  // The names between it and its zone exist with it (RFC 8020 §2), and to the same tenant alone.
  for (let up: NameKey | null = key; up !== null && !build.isApex(up); up = parent(up)) {
    build.node(up, pointer.owners)
  }
  build.records(key, TYPE.PTR, [nameBytes(pointer.target)])
}

/** RFC 6761 §6.3: `localhost` and every name below it are this machine, asked or not. */
function addLocalhost(build: Builder): void {
  const target = nameKey('localhost') ?? ROOT
  build.apex(target, null)
  build.records(target, TYPE.A, [ipv4Bytes(LOOPBACK)])
  build.records(target, TYPE.AAAA, [Buffer.from([...Array<number>(15).fill(0), 1])])
  build.wild(target)
  addPointer(build, { address: LOOPBACK, target, owners: null })
}

const LOOPBACK = 0x7f000001

type Holders = ReadonlyMap<string, Member>

const GONE: ReadonlySet<Member['state']> = new Set(['stopped', 'suspended'])

/** By address. Of two members with the same one, that which still has a life before it is meant. */
function holdersOf(members: readonly Member[]): Holders {
  const gone = members.filter(({ state }) => GONE.has(state))
  const alive = members.filter(({ state }) => !GONE.has(state))
  return new Map([...gone, ...alive].map((member) => [member.address, member]))
}

function viewsOf(holders: Holders): Map<string, View> {
  const byTenant = new Map<string, View>()
  const views = new Map<string, View>()
  for (const [address, { tenant }] of holders) {
    const view = byTenant.get(tenant) ?? { tenant, forward: true }
    byTenant.set(tenant, view)
    views.set(address, view)
  }
  return views
}

/** The table comes over a boundary: a member that no name or answer could be made of is left out. */
function isSound({ name, tenant, address }: Member): boolean {
  return isLabel(name) && isLabel(tenant) && ipv4(address) !== null
}

function isLabel(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
}

function zoneBuilder(soa: Soa) {
  type Node = { owners: Set<string> | null; records: Map<number, Answer>; noData: Answer }
  type Cut = { owners: Set<string> | null; noName: Answer; noData: Answer; wild: Node | null }
  const nodes = new Map<NameKey, Node>()
  const apexes = new Map<NameKey, Cut>()

  function apex(key: NameKey, owners: Set<string> | null): void {
    const noName = denial(RCODE.NXDOMAIN, key, soa)
    const noData = { ...noName, rcode: RCODE.NOERROR }
    apexes.set(key, { owners, noName, noData, wild: null })
    node(key, owners)
    records(key, TYPE.SOA, [soaData(key, soa)])
    records(key, TYPE.NS, [nameBytes(key)])
  }

  /** Makes a name exist; one that does already exists to these tenants as well. */
  function node(key: NameKey, owners: ReadonlySet<string> | null): void {
    const known = nodes.get(key)
    if (known === undefined) {
      const noData = cutAbove(key)?.noData ?? REFUSED
      nodes.set(key, { owners: owners && new Set(owners), records: new Map(), noData })
    } else if (owners === null || known.owners === null) known.owners = null
    else for (const owner of owners) known.owners.add(owner)
  }

  function records(key: NameKey, type: number, data: readonly Buffer[]): void {
    const ttl = type === TYPE.SOA ? soa.ttlSeconds : TTL_SECONDS
    nodes.get(key)?.records.set(type, recordsAnswer(type, ttl, data))
  }

  function wild(key: NameKey): void {
    const at = apexes.get(key)
    const own = nodes.get(key)
    if (at === undefined || own === undefined) return
    const addresses = [...own.records].filter(([type]) => type === TYPE.A || type === TYPE.AAAA)
    at.wild = { ...own, records: new Map(addresses) }
  }

  function cutAbove(key: NameKey): Cut | undefined {
    for (let up: NameKey | null = key; up !== null; up = parent(up)) {
      const cut = apexes.get(up)
      if (cut !== undefined) return cut
    }
    return undefined
  }

  const isApex = (key: NameKey): boolean => apexes.has(key)
  return { apex, node, records, wild, isApex, done: () => ({ nodes, apexes }) }
}
