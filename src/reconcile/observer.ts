import type { Store } from '../../db/open.ts'
import { dockerName } from '../core/docker-names.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Engine, EngineView } from '../ports/engine.ts'
import type { Timers } from '../ports/timers.ts'
import type { KnownEngine } from './engine-view.ts'

export interface ObserverDeps {
  readonly store: Store
  readonly engine: Engine
  readonly known: KnownEngine
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
  readonly wake: (containerId: string) => void
}

/** Events can be lost, so everything is listed anew this often. */
const FULL_LIST_MS = 30_000
/** While the engine is away it is asked this often. */
const AWAY_MS = 1_000
const LIST_DEADLINE_MS = 20_000

/** Keeps `known` in step with the engine, and wakes the reconciler of whatever has changed. */
export function engineObserver(deps: ObserverDeps) {
  const { store, engine, known, log } = deps
  const stopping = new AbortController()
  let up = false
  let running: Promise<unknown> = Promise.resolve()

  /** One full pass: look at everything, clean up what nobody owns, wake every container's reconciler. */
  async function pass(): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(LIST_DEADLINE_MS)])
    const view = await engine.list(signal)
    known.replace(view)
    if (!up) log('info', 'The engine answers', { containers: view.containers.length })
    up = true
    const live = await store.read.containers.live()
    const ids = new Set(live.map(({ row }) => row.id))
    await removeOrphans(view, ids, signal)
    await removeNetworks(view, signal)
    for (const id of ids) deps.wake(id)
  }

  /**
   * What a row says is gone, but the engine still has: a create that outlived the one who asked for it.
   * What no row knows is left alone: the database may be an older copy.
   */
  async function removeOrphans(view: EngineView, live: ReadonlySet<string>, signal: AbortSignal) {
    for (const { id, name } of view.containers) {
      if (live.has(id)) continue
      const row = await store.read.containers.byId(id)
      if (row?.removedAt === undefined || row.removedAt === null) {
        if (!row) log('warn', 'A container of this instance is not in the database', { name })
        continue
      }
      log('info', 'Removing a container that outlived its row', { name })
      await engine.removeContainer(name, signal)
      known.drop(name)
    }
  }

  /** Networks of tenants that are gone. Their subnets rest from then on. */
  async function removeNetworks(view: EngineView, signal: AbortSignal): Promise<void> {
    const there = new Set(view.networks.map(({ name }) => name))
    for (const network of await store.read.networks.live()) {
      const tenant = await store.read.tenants.byId(network.tenantId)
      if (!tenant) continue
      const name = dockerName(tenant.slug, 'network', network.id)
      if (tenant.deletedAt === null) continue
      if (there.has(name)) await engine.removeNetwork(name, signal)
      known.dropNetwork(name)
      const releasedAt = deps.clock.now().getTime()
      await store.write((q) => q.networks.update(network.id, { state: 'gone', releasedAt }))
    }
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      const epoch = new AbortController()
      const signal = AbortSignal.any([stopping.signal, epoch.signal])
      try {
        // Listening begins before the list, so that nothing happens between the two unseen.
        const listening = listen(signal)
        listening.catch(() => epoch.abort())
        await pass()
        await Promise.race([listening, passes(signal)])
      } catch (error) {
        if (stopping.signal.aborted) return
        if (up) log('warn', 'The engine does not answer', { error })
        up = false
      } finally {
        epoch.abort()
      }
      await pause(up ? 0 : AWAY_MS)
    }
  }

  async function passes(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(FULL_LIST_MS, signal)
      if (!signal.aborted) await pass()
    }
  }

  async function listen(signal: AbortSignal): Promise<void> {
    for await (const event of engine.events(signal)) {
      known.note(event)
      if (event.kind === 'container') deps.wake(event.id)
    }
  }

  function pause(ms: number, signal: AbortSignal = stopping.signal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = deps.timers.after(ms, done)
      signal.addEventListener('abort', done)
    })
  }

  return {
    isUp: () => up,
    pass,
    start(): void {
      running = watch()
    },
    async stop(): Promise<void> {
      stopping.abort()
      await running
    },
    /** Resolves once the engine has answered a full list. */
    async ready(signal: AbortSignal): Promise<void> {
      while (!up) {
        signal.throwIfAborted()
        await pause(20, signal)
      }
    },
  }
}
export type EngineObserver = ReturnType<typeof engineObserver>
