import type { Queries, Store } from '../../db/open.ts'
import type { NewEvent } from '../core/event.ts'
import { orphansOf, type LabelledObject, type Orphan, type Orphans } from '../core/orphans.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineRefusal, type Engine, type EngineView } from '../ports/engine.ts'
import type { KnownEngine } from './engine-view.ts'

export interface CollectorDeps {
  readonly store: Store
  readonly engine: Pick<Engine, 'list' | 'removeContainer' | 'removeNetwork'>
  readonly known: KnownEngine
  readonly clock: Clock
  readonly log: Log
  /** Belongs into the transaction of what it tells of. */
  readonly record: (q: Queries, event: NewEvent) => Promise<void>
}

interface Run {
  readonly removed: readonly Orphan[]
  /** There were so many that none was removed. */
  readonly braked: boolean
}

/**
 * Removes containers and networks that no row knows, with a grace and a brake. A volume is never
 * collected: what is in it cannot be made again.
 */
export function orphanCollector(deps: CollectorDeps) {
  const { store, engine, known, clock } = deps
  const remove = removal(deps)
  let firstSeen: ReadonlyMap<string, Date> = new Map()
  let told = ''
  let last: Promise<unknown> = Promise.resolve()

  async function judge(view: EngineView): Promise<Orphans> {
    const objects = objectsOf(view)
    const ids = await knownIds(store.read, objects)
    const now = clock.now()
    firstSeen = new Map(
      objects
        .filter(({ id }) => !ids.has(id))
        .map(({ engineId }) => [engineId, firstSeen.get(engineId) ?? now]),
    )
    return orphansOf({ objects, known: ids, firstSeen, now })
  }

  /** Once for the same orphans, or the log would be full of it. */
  async function tell({ due, braked }: Orphans): Promise<void> {
    const now = braked ? due.map(({ engineId }) => engineId).join() : ''
    if (now === told) return
    if (braked) await store.write((q) => deps.record(q, brakedEvent(due.length)))
    told = now
  }

  async function collect(view: EngineView, release: boolean, signal: AbortSignal): Promise<Run> {
    const removed: Orphan[] = []
    // After a restore the engine may rightly have what the database does not know.
    if ((await store.read.platformState.find('safe-mode')) !== undefined)
      return { removed, braked: false }
    const orphans = await judge(view)
    if (!release) await tell(orphans)
    if (orphans.braked && !release) return { removed, braked: true }
    for (const orphan of orphans.due) {
      signal.throwIfAborted()
      // oxlint-disable-next-line no-await-in-loop -- one after another: an engine is slow to remove
      if (await remove(orphan, signal)) removed.push(orphan)
    }
    return { removed, braked: false }
  }

  /** Two at a time would both tell of the same one. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }

  const list = (signal: AbortSignal): Promise<EngineView> =>
    known.refresh(() => engine.list(signal))

  return {
    /** As a part of the full look, which has that list. */
    collect: (view: EngineView, signal: AbortSignal) => inTurn(() => collect(view, false, signal)),
    /** What the next full look would remove, or would wait with. */
    look: async (signal: AbortSignal): Promise<Orphans> => judge(await list(signal)),
    /** Now; `release` lets go what the brake holds. */
    run: ({ release }: { readonly release: boolean }, signal: AbortSignal) =>
      inTurn(async () => collect(await list(signal), release, signal)),
  }
}
export type OrphanCollector = ReturnType<typeof orphanCollector>

/** Removes one; answers whether it was there and was let go. */
const removal =
  ({ store, engine, known, log, record }: CollectorDeps) =>
  async (orphan: Orphan, signal: AbortSignal): Promise<boolean> => {
    const { kind, name, engineId } = orphan
    const isContainer = kind === 'container'
    const isThere = isContainer
      ? known.container(name)?.engineId === engineId
      : known.hasNetwork(name)
    // Asked again at the last moment: a row may have come meanwhile.
    if (!isThere || (await isKnown(store.read, orphan))) return false
    try {
      if (isContainer) await engine.removeContainer(name, signal)
      else await engine.removeNetwork(name, signal)
    } catch (error) {
      // E.g. a network that somebody has put other containers into.
      if (!(error instanceof EngineRefusal)) throw error
      log('warn', 'Cannot remove what no row knows', { name, error })
      return false
    }
    if (isContainer) known.drop(name)
    else known.dropNetwork(name)
    log('warn', 'Removed what no row knows', { name })
    await store.write((q) => record(q, removedEvent(orphan)))
    return true
  }

function objectsOf({ containers, networks }: EngineView): LabelledObject[] {
  return [
    ...containers.map((one) => ({ kind: 'container' as const, ...one })),
    ...networks.map((one) => ({ kind: 'network' as const, ...one })),
  ].map(({ kind, tenant, id, name, engineId, createdAt }) => ({
    kind,
    tenant,
    id,
    name,
    engineId,
    createdAt,
  }))
}

async function knownIds(
  q: Queries,
  objects: readonly LabelledObject[],
): Promise<ReadonlySet<string>> {
  const ids = new Set((await q.networks.live()).map(({ id }) => id))
  for (const object of objects) {
    // oxlint-disable-next-line no-await-in-loop -- of nearly all of them memory knows
    if (!ids.has(object.id) && (await isKnown(q, object))) ids.add(object.id)
  }
  return ids
}

/** Of one that was removed there is a row as well, and whoever reads that row removes the object. */
async function isKnown(q: Queries, { kind, id }: LabelledObject): Promise<boolean> {
  if (kind === 'network') return (await q.networks.byId(id)) !== undefined
  if (await q.containers.placedById(id)) return true
  return (await q.containers.byId(id)) !== undefined
}

const removedEvent = ({ kind, id, name, tenant, createdAt }: Orphan): NewEvent => ({
  tenantId: null,
  action: 'gc.removed',
  level: 'warning',
  target: { kind, id, name },
  message: `The ${kind} "${name}" was removed from the engine: the database does not know it`,
  details: { tenant, createdAt: createdAt.toISOString() },
})

const brakedEvent = (count: number): NewEvent => ({
  tenantId: null,
  action: 'gc.braked',
  level: 'error',
  target: { kind: 'platform', id: 'gc', name: 'gc' },
  message: `Nothing is removed: the database does not know ${count} objects of the engine, which is too many`,
  details: { count },
})
