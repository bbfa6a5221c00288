import type { Store } from '../../db/open.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineRefusal, type Engine, type EngineView } from '../ports/engine.ts'
import { wakeDue } from './due.ts'
import type { KnownEngine } from './engine-view.ts'
import type { SettledFirewall } from './firewall.ts'
import type { SettledGroups } from './tenant-groups.ts'

export interface PassDeps {
  readonly store: Store
  readonly engine: Engine
  readonly known: KnownEngine
  readonly clock: Clock
  readonly log: Log
  readonly groups: Pick<SettledGroups, 'settle'>
  readonly firewall: Pick<SettledFirewall, 'settle'>
  readonly wake: (containerId: string) => void
  readonly wakeNetwork: (networkId: string) => void
  readonly wakeTenant: (tenantId: string) => void
}

/** One full pass: look at everything, clean up what nobody owns, wake whose turn it is. */
export function enginePass(deps: PassDeps) {
  const { store, engine, known, log } = deps

  /** What the engine refuses to remove is tried again with the next pass, and holds up nobody. */
  async function removed(name: string, remove: () => Promise<void>): Promise<boolean> {
    try {
      await remove()
      return true
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
      log('warn', 'Cannot remove what nobody owns', { name, error })
      return false
    }
  }

  /**
   * What a row says is gone, but the engine still has: a create that outlived the one who asked for it.
   * What no row knows is for the collector: there the database may be wrong.
   */
  async function removeContainers({ containers }: EngineView, signal: AbortSignal): Promise<void> {
    for (const { id, name } of containers) {
      if (await store.read.containers.placedById(id)) continue
      const row = await store.read.containers.byId(id)
      if (!row || row.removedAt === null) continue
      log('info', 'Removing a container that outlived its row', { name })
      if (await removed(name, () => engine.removeContainer(name, signal))) known.drop(name)
    }
  }

  /** Those that are not as their rows say; the others are not bothered. */
  async function dueNetworks({ networks }: EngineView): Promise<ReadonlySet<string>> {
    const rows = await store.read.networks.live()
    const ofDeleted = await store.read.networks.liveOfDeletedTenants()
    const there = new Set(networks.map(({ id }) => id))
    const live = new Set(rows.map(({ id }) => id))
    const missing = rows.filter(({ id, state }) => state === 'ready' && !there.has(id))
    return new Set([
      ...missing.map(({ id }) => id),
      ...rows.filter(({ desired }) => desired === 'absent').map(({ id }) => id),
      ...ofDeleted.map(({ network }) => network.id),
      ...networks.map(({ id }) => id).filter((id) => !live.has(id)),
    ])
  }

  let isFirst = true
  return async (signal: AbortSignal, answered: () => void): Promise<EngineView> => {
    const view = await known.refresh(() => engine.list(signal))
    answered()
    await removeContainers(view, signal)
    for (const id of await dueNetworks(view)) deps.wakeNetwork(id)
    await deps.groups.settle()
    await deps.firewall.settle()
    await wakeDue(deps, isFirst)
    for (const id of await store.read.operations.openTargetsOf('tenant')) deps.wakeTenant(id)
    isFirst = false
    return view
  }
}
