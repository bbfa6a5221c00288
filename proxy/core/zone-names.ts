import { ipv4, ipv4Bytes, reverseName } from './dns-address.ts'
import { below, nameBytes, nameKey, ROOT, type NameKey } from './dns-name.ts'
import { TYPE } from './dns-wire.ts'
import type { HealthReport, MemberPort, OutsideName, Place } from './route-table.ts'
import { NO_DATA, type Builder } from './zone-builder.ts'
import { isReady, type Holders, type SoundMember } from './zone-members.ts'
import type { View } from './zone.ts'

interface Names {
  readonly internal: NameKey
  readonly members: readonly SoundMember[]
  readonly reports: ReadonlyMap<string, HealthReport>
  readonly views: ReadonlySet<View>
}

/** Who answers for a name, and where. */
interface Answering {
  readonly member: SoundMember
  readonly place: Place
}

/** More services than these are no answer that anybody could take. */
const MOST_LISTED = 500

/** Names of containers, and all that hangs on them: whoever shares a network with one of them sees it. */
export function addNames(build: Builder, { internal, members, reports, views }: Names): void {
  const zones = Map.groupBy(members, ({ tenant }) => tenant)
  const viewsAt = viewsByNetwork(views)
  for (const [tenant, own] of zones) {
    const zone = below(tenant, internal)
    const mine = viewsOn(viewsAt, own)
    const names = Map.groupBy(own.flatMap(answering), ({ name }) => name)
    const say = sayer(build, mine)
    for (const [name, all] of names) {
      const key = below(name, zone)
      const ready = all.filter(({ member }) => isReady(member, reports))
      const owners = networksOf(all)
      build.node(key, owners)
      say(key, ready, addressesOf)
      const whole = below('all', key)
      build.branch(whole, owners)
      say(whole, all, addressesOf)
      addPorts(build, { key, all, owners })
    }
    addList(build, below('_apps', zone), { tenant, own, mine })
  }
}

function viewsByNetwork(views: ReadonlySet<View>): ReadonlyMap<string, readonly View[]> {
  const pairs = [...views].flatMap((view) =>
    (view.networks ?? []).map((network) => ({ network, view })),
  )
  const grouped = Map.groupBy(pairs, ({ network }) => network)
  return new Map([...grouped].map(([network, all]) => [network, all.map(({ view }) => view)]))
}

/** Who sees any of these: of their own tenant or, by a peering, of another. */
const viewsOn = (
  viewsAt: ReadonlyMap<string, readonly View[]>,
  members: readonly SoundMember[],
): View[] => {
  const networks = new Set(members.flatMap(({ places }) => places.map(({ network }) => network)))
  return [...new Set([...networks].flatMap((network) => viewsAt.get(network) ?? []))]
}

/** By which it is known who may see what a network says of the world: those in it, not their peers. */
export const outsideOwner = (network: string): string => `outside ${network}`

/** Names of the world, for those whose network lets them go there and nowhere else. */
export function addOutside(build: Builder, names: readonly OutsideName[]): void {
  for (const [name, all] of Map.groupBy(names, (one) => one.name)) {
    const key = nameKey(name)
    if (key === null) continue
    build.node(key, new Set(all.map(({ network }) => outsideOwner(network))), NO_DATA)
    const addresses = [...new Set(all.flatMap((one) => one.addresses))]
    const data = addresses.flatMap((text) => ipv4(text) ?? []).map(ipv4Bytes)
    build.records(key, TYPE.A, data)
  }
}

/** Under its own name everywhere, under an alias in that network. */
const answering = (member: SoundMember) =>
  member.places.flatMap((place) =>
    [member.name, ...place.aliases].map((name) => ({ name, member, place })),
  )

const networksOf = (all: readonly Answering[]): Set<string> =>
  new Set(all.map(({ place }) => place.network))

const addressesOf = (all: readonly Answering[]) => ({
  type: TYPE.A,
  data: [...new Set(all.map(({ place }) => ipv4(place.address) ?? 0))]
    .toSorted((a, b) => a - b)
    .map(ipv4Bytes),
})

/** All of it to the host, and to each view what is in networks of its own. */
const sayer =
  (build: Builder, views: readonly View[]) =>
  (
    key: NameKey,
    all: readonly Answering[],
    recordsOf: (some: readonly Answering[]) => { readonly type: number; readonly data: Buffer[] },
  ): void => {
    const whole = recordsOf(all)
    build.records(key, whole.type, whole.data)
    for (const view of views) {
      const shared = all.filter(({ place }) => view.networks?.includes(place.network) === true)
      const part = recordsOf(shared)
      if (part.data.length < whole.data.length) build.recordsFor(key, view, part)
    }
  }

interface Served {
  readonly key: NameKey
  readonly all: readonly Answering[]
  readonly owners: ReadonlySet<string>
}

/** `_8080._tcp.web…`, and `_http._tcp.web…` of an app (RFC 2782). */
function addPorts(build: Builder, { key, all, owners }: Served): void {
  const named = new Map<string, MemberPort>()
  for (const { member } of all) {
    for (const one of portsOf(member)) named.set(`${one.port} ${one.protocol}`, one)
    if (member.port !== null) named.set('http', { port: member.port, protocol: 'tcp' })
  }
  for (const [label, { port, protocol }] of named) {
    const service = label === 'http' ? '_http' : `_${port}`
    const at = below(service, below(`_${protocol}`, key))
    build.branch(at, owners)
    build.records(at, TYPE.SRV, [serviceData(port, key)])
  }
}

const portsOf = ({ ports = [], port }: SoundMember): readonly MemberPort[] =>
  port === null ? ports : [...ports, { port, protocol: 'tcp' }]

/** Priority and weight say nothing: who is ready is what the target's own addresses tell. */
function serviceData(port: number, target: NameKey): Buffer {
  const numbers = Buffer.alloc(6)
  numbers.writeUInt16BE(port, 4)
  return Buffer.concat([numbers, nameBytes(target)])
}

interface Listed {
  readonly tenant: string
  readonly own: readonly SoundMember[]
  readonly mine: readonly View[]
}

/** A record of each service: `name=web` and, of an app, `port=8080` (RFC 6763 §6). */
function addList(build: Builder, key: NameKey, { tenant, own, mine }: Listed): void {
  build.node(key, new Set([tenant]))
  const all = own.flatMap((member) => member.places.map((place) => ({ member, place })))
  sayer(build, mine)(key, all, (some) => {
    const lines = new Map(some.map(({ member }) => [member.name, textOf(member)]))
    return { type: TYPE.TXT, data: [...lines.values()].slice(0, MOST_LISTED) }
  })
}

const textOf = ({ name, port }: SoundMember): Buffer =>
  Buffer.concat([`name=${name}`, ...(port === null ? [] : [`port=${port}`])].map(counted))

/** A length byte before it (RFC 1035 §3.3.14). */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

/** Of every address in a zone of ours, for whoever shares its network. */
export function addPointers(build: Builder, internal: NameKey, holders: Holders): void {
  for (const [text, { member, place }] of holders) {
    const address = ipv4(text)
    if (address === null || !build.isOurs(reverseName(address))) continue
    const target = below(member.name, below(member.tenant, internal))
    addPointer(build, { address, target, owners: new Set([place.network]) })
  }
}

function addPointer(
  build: Builder,
  pointer: { address: number; target: NameKey; owners: ReadonlySet<string> | null },
): void {
  const key = reverseName(pointer.address)
  build.branch(key, pointer.owners)
  build.records(key, TYPE.PTR, [nameBytes(pointer.target)])
}

/** RFC 6761 §6.3: `localhost` and every name below it are this machine, asked or not. */
export function addLocalhost(build: Builder): void {
  const target = nameKey('localhost') ?? ROOT
  build.apex(target, null)
  build.records(target, TYPE.A, [ipv4Bytes(LOOPBACK)])
  build.records(target, TYPE.AAAA, [Buffer.from([...Array<number>(15).fill(0), 1])])
  build.wild(target)
  addPointer(build, { address: LOOPBACK, target, owners: null })
}

const LOOPBACK = 0x7f000001
