import type { Store } from '../../db/open.ts'
import { dockerName } from '../core/docker-names.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineRefusal, type Engine, type EngineView } from '../ports/engine.ts'
import { wakeDue } from './due.ts'
import type { KnownEngine } from './engine-view.ts'
import type { SettledGroups } from './tenant-groups.ts'

export interface PassDeps {
  readonly store: Store
  readonly engine: Engine
  readonly known: KnownEngine
  readonly clock: Clock
  readonly log: Log
  readonly groups: Pick<SettledGroups, 'settle'>
  readonly wake: (containerId: string) => void
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
   * What no row knows is left alone: the database may be an older copy.
   */
  async function removeContainers({ containers }: EngineView, signal: AbortSignal): Promise<void> {
    for (const { id, name } of containers) {
      if (await store.read.containers.placedById(id)) continue
      const row = await store.read.containers.byId(id)
      if (!row) log('warn', 'A container of this instance is not in the database', { name })
      if (!row || row.removedAt === null) continue
      log('info', 'Removing a container that outlived its row', { name })
      if (await removed(name, () => engine.removeContainer(name, signal))) known.drop(name)
    }
  }

  /** Networks of tenants that are gone, listed or not: one may have been made since. */
  async function releaseNetworks(signal: AbortSignal): Promise<void> {
    for (const { network, slug } of await store.read.networks.liveOfDeletedTenants()) {
      const name = dockerName(slug, 'network', network.id)
      if (!(await removed(name, () => engine.removeNetwork(name, signal)))) continue
      known.dropNetwork(name)
      // The subnet rests from now on.
      const releasedAt = deps.clock.now().getTime()
      await store.write((q) => q.networks.update(network.id, { state: 'gone', releasedAt }))
    }
  }

  async function removeNetworks({ networks }: EngineView, signal: AbortSignal): Promise<void> {
    const live = new Set((await store.read.networks.live()).map(({ id }) => id))
    for (const { id, name } of networks) {
      if (live.has(id)) continue
      const row = await store.read.networks.byId(id)
      if (!row || row.releasedAt === null) continue
      log('info', 'Removing a network that outlived its row', { name })
      if (await removed(name, () => engine.removeNetwork(name, signal))) known.dropNetwork(name)
    }
  }

  return async (signal: AbortSignal, answered: () => void): Promise<void> => {
    const view = await known.refresh(() => engine.list(signal))
    answered()
    await removeContainers(view, signal)
    await removeNetworks(view, signal)
    await releaseNetworks(signal)
    await deps.groups.settle()
    await wakeDue(deps)
  }
}
