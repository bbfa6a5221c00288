import { bareAnswer, denial, recordsAnswer, soaData, type Answer, type Soa } from './dns-answer.ts'
import { nameBytes, parent, type NameKey } from './dns-name.ts'
import { RCODE, TYPE } from './dns-wire.ts'
import { SAID, type NameEntry, type Said } from './name-pack.ts'
import { nameStore, placeOf, type Place } from './name-store.ts'
import type { Named, Special, View, Wild } from './zone.ts'

/** How long an answer may be kept: a container that has just become unhealthy is gone this soon. */
export const TTL_SECONDS = 5

const REFUSED = bareAnswer(RCODE.REFUSED)
/** Of a name of no zone here: what it has no record of it has none of. */
export const NO_DATA = bareAnswer(RCODE.NOERROR)

interface Node {
  owners: Set<string> | null
  readonly records: Map<number, Answer>
  ofViews: Map<View, Map<number, Answer>> | null
  /** Its address is that of the ingress, from where it is asked for. */
  isIngress: boolean
  readonly noData: Answer
}

/** Where a zone begins, until the zone is packed. */
interface Cut {
  readonly owners: Set<string> | null
  readonly noName: Answer
  readonly noData: Answer
  wild: Wild | null
}

export type Builder = ReturnType<typeof zoneBuilder>

/** What is said under a name, and to whom. */
export function zoneBuilder(usual: Soa) {
  const nodes = new Map<NameKey, Node>()
  const apexes = new Map<NameKey, Cut>()

  function apex(key: NameKey, owners: Set<string> | null, soa = usual): void {
    const noName = denial(RCODE.NXDOMAIN, key, soa)
    const noData = { ...noName, rcode: RCODE.NOERROR }
    apexes.set(key, { owners, noName, noData, wild: null })
    const answer = recordsAnswer(TYPE.SOA, soa.ttlSeconds, [soaData(key, soa)])
    node(key, owners).records.set(TYPE.SOA, answer)
    records(key, TYPE.NS, [nameBytes(key)])
  }

  /** Makes a name exist; one that does already exists to these as well. */
  function node(key: NameKey, owners: ReadonlySet<string> | null, noZone = REFUSED): Node {
    const known = nodes.get(key)
    if (known === undefined) {
      const noData = cutAbove(apexes, key)?.noData ?? noZone
      const own = { owners: owners && new Set(owners), records: new Map(), ofViews: null }
      const made = { ...own, isIngress: false, noData }
      nodes.set(key, made)
      return made
    }
    if (owners === null || known.owners === null) known.owners = null
    else for (const owner of owners) known.owners.add(owner)
    return known
  }

  /** The names between one and its zone exist with it (RFC 8020 §2), and to the same alone. */
  function branch(key: NameKey, owners: ReadonlySet<string> | null): void {
    for (let up: NameKey | null = key; up !== null && !apexes.has(up); up = parent(up)) {
      node(up, owners)
    }
  }

  function records(key: NameKey, type: number, data: readonly Buffer[]): void {
    if (data.length > 0) nodes.get(key)?.records.set(type, answerOf(type, data))
  }

  /** A name that leads to the ingress, wherever that is from the asker. */
  function ingress(key: NameKey, owners: ReadonlySet<string>): void {
    branch(key, owners)
    node(key, owners).isIngress = true
  }

  /** What one view is told instead, which can be nothing. */
  function recordsFor(key: NameKey, view: View, of: RecordSet): void {
    const own = nodes.get(key)
    if (own === undefined) return
    own.ofViews ??= new Map()
    const told = own.ofViews.get(view) ?? new Map(own.records)
    own.ofViews.set(view, told)
    if (of.data.length > 0) told.set(of.type, answerOf(of.type, of.data))
    else told.delete(of.type)
  }

  function wild(key: NameKey): void {
    const at = apexes.get(key)
    const own = nodes.get(key)
    if (at && own) at.wild = wildOf(own)
  }

  /** Whether any zone of ours has it. */
  const isOurs = (key: NameKey): boolean => cutAbove(apexes, key) !== undefined
  const done = (seed: number): Named => packed(nodes, apexes, seed)
  return { apex, node, branch, records, recordsFor, wild, ingress, isOurs, done }
}

function wildOf({ records, noData }: Node): Wild {
  const addresses = [...records].filter(([type]) => type === TYPE.A || type === TYPE.AAAA)
  return { noData, records: new Map(addresses) }
}

function saidBy({ ofViews, isIngress }: Node): Said {
  if (isIngress) return SAID.ingress
  return ofViews === null ? SAID.alike : SAID.byView
}

const answerOf = (type: number, data: readonly Buffer[]): Answer =>
  recordsAnswer(type, TTL_SECONDS, data)

/** Everything in the form in which it is looked up. */
function packed(
  nodes: ReadonlyMap<NameKey, Node>,
  apexes: ReadonlyMap<NameKey, Cut>,
  seed: number,
): Named {
  const owners = indexed<ReadonlySet<string> | null>((set) => (set === null ? null : listOf(set)))
  const noData = indexed<Answer>((answer) => answer)
  const cuts: Cut[] = []
  const entries = new Map<NameKey, NameEntry>()
  for (const [key, node] of nodes) {
    const cut = apexes.get(key)
    if (cut) cuts.push(cut)
    entries.set(key, {
      owners: owners.of(node.owners),
      noData: noData.of(node.noData),
      apex: cut ? cuts.length : 0,
      said: saidBy(node),
      records: node.records,
    })
  }
  const names = nameStore(entries, seed)
  const special = new Map<Place, Special>()
  for (const [key, { ofViews }] of nodes) {
    if (ofViews !== null) special.set(placeOf(names, key), ofViews)
  }
  return { names, owners: owners.all, noData: noData.all, apexes: cuts, special }
}

const listOf = (set: ReadonlySet<string>): string => [...set].toSorted().join('\n')

/** Equal ones once, in a list, and where they are there. */
function indexed<T>(identity: (one: T) => unknown) {
  const all: T[] = []
  const known = new Map<unknown, number>()
  function of(one: T): number {
    const key = identity(one)
    const at = known.get(key) ?? all.length
    if (at === all.length) {
      all.push(one)
      known.set(key, at)
    }
    return at
  }
  return { all, of }
}

function cutAbove(apexes: ReadonlyMap<NameKey, Cut>, key: NameKey): Cut | undefined {
  for (let up: NameKey | null = key; up !== null; up = parent(up)) {
    const cut = apexes.get(up)
    if (cut !== undefined) return cut
  }
  return undefined
}

export interface RecordSet {
  readonly type: number
  readonly data: readonly Buffer[]
}
