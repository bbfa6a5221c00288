/** Something on the engine that carries this instance's label. */
export interface LabelledObject {
  readonly kind: 'container' | 'network'
  readonly tenant: string
  readonly id: string
  readonly name: string
  readonly engineId: string
  readonly createdAt: Date
}

/** One that no row knows. */
export interface Orphan extends LabelledObject {
  readonly firstSeenAt: Date
}

export interface OrphanFacts {
  readonly objects: readonly LabelledObject[]
  /** The ids that rows have. */
  readonly known: ReadonlySet<string>
  /** When each that no row knows was first seen, by the engine's id. */
  readonly firstSeen: ReadonlyMap<string, Date>
  readonly now: Date
}

export interface Orphans {
  readonly due: readonly Orphan[]
  readonly waiting: readonly Orphan[]
  /** So many that the database is likelier to be wrong than the engine. */
  readonly braked: boolean
}

/** Longer than any creation takes, after its making as well as after we have first seen it. */
export const ORPHAN_GRACE_MS = 10 * 60_000
const MOST_AT_ONCE = 10
const MOST_SHARE = 0.2
/** On a small platform one or two are a large share already. */
const UNREMARKABLE = 2

/** Which objects nobody knows, which of them have been so for long enough, and whether that is too many. */
export function orphansOf({ objects, known, firstSeen, now }: OrphanFacts): Orphans {
  const orphans = objects
    .filter(({ id }) => !known.has(id))
    .map((one) => ({ ...one, firstSeenAt: firstSeen.get(one.engineId) ?? now }))
  // A list does not tell who is in a network, so while there are any of its tenant it is left alone.
  const inhabited = new Set(
    orphans.filter(({ kind }) => kind === 'container').map(({ tenant }) => tenant),
  )
  const isDue = ({ kind, tenant, createdAt, firstSeenAt }: Orphan): boolean => {
    const since = Math.max(createdAt.getTime(), firstSeenAt.getTime())
    if (kind === 'network' && inhabited.has(tenant)) return false
    return now.getTime() - since >= ORPHAN_GRACE_MS
  }
  const due = orphans.filter(isDue)
  const braked = isTooMany(due.length, objects.length)
  return { due, waiting: orphans.filter((one) => !isDue(one)), braked }
}

const isTooMany = (due: number, all: number): boolean =>
  due > MOST_AT_ONCE || (due > UNREMARKABLE && due > all * MOST_SHARE)
