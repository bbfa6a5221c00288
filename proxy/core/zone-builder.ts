import { bareAnswer, denial, recordsAnswer, soaData, type Answer, type Soa } from './dns-answer.ts'
import { nameBytes, parent, type NameKey } from './dns-name.ts'
import { RCODE, TYPE } from './dns-wire.ts'
import type { View } from './zone.ts'

/** How long an answer may be kept: a container that has just become unhealthy is gone this soon. */
const TTL_SECONDS = 5

const REFUSED = bareAnswer(RCODE.REFUSED)
/** Of a name of no zone here: what it has no record of it has none of. */
export const NO_DATA = bareAnswer(RCODE.NOERROR)

interface Node {
  owners: Set<string> | null
  readonly records: Map<number, Answer>
  readonly ofViews: Map<View, Map<number, Answer>>
  readonly noData: Answer
}

interface Cut {
  readonly owners: Set<string> | null
  readonly noName: Answer
  readonly noData: Answer
  wild: Node | null
}

export type Builder = ReturnType<typeof zoneBuilder>

/** What is said under a name, and to whom. */
export function zoneBuilder(soa: Soa) {
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

  /** Makes a name exist; one that does already exists to these as well. */
  function node(key: NameKey, owners: ReadonlySet<string> | null, noZone = REFUSED): void {
    const known = nodes.get(key)
    if (known === undefined) {
      const noData = cutAbove(apexes, key)?.noData ?? noZone
      const made = { records: new Map(), ofViews: new Map(), noData }
      nodes.set(key, { owners: owners && new Set(owners), ...made })
    } else if (owners === null || known.owners === null) known.owners = null
    else for (const owner of owners) known.owners.add(owner)
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

  const answerOf = (type: number, data: readonly Buffer[]): Answer =>
    recordsAnswer(type, type === TYPE.SOA ? soa.ttlSeconds : TTL_SECONDS, data)

  /** What one view is told instead, which can be nothing. */
  function recordsFor(key: NameKey, view: View, of: RecordSet): void {
    const own = nodes.get(key)
    if (own === undefined) return
    const told = own.ofViews.get(view) ?? new Map(own.records)
    own.ofViews.set(view, told)
    if (of.data.length > 0) told.set(of.type, answerOf(of.type, of.data))
    else told.delete(of.type)
  }

  function wild(key: NameKey): void {
    const at = apexes.get(key)
    const own = nodes.get(key)
    if (at === undefined || own === undefined) return
    const addresses = [...own.records].filter(([type]) => type === TYPE.A || type === TYPE.AAAA)
    at.wild = { ...own, records: new Map(addresses) }
  }

  /** Whether any zone of ours has it. */
  const isOurs = (key: NameKey): boolean => cutAbove(apexes, key) !== undefined
  return {
    apex,
    node,
    branch,
    records,
    recordsFor,
    wild,
    isOurs,
    done: () => ({ nodes, apexes }),
  }
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
