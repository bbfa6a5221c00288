import type { Store } from '../../db/open.ts'
import { ROOT_LIMIT_BYTES } from '../core/container-shape.ts'
import { dockerName } from '../core/docker-names.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Engine } from '../ports/engine.ts'
import type { Timers } from '../ports/timers.ts'
import { within } from './deadline.ts'

export interface RootWatchDeps {
  readonly store: Store
  readonly engine: Pick<Engine, 'writtenBytes'>
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
  readonly wake: (containerId: string) => void
}

/** The engine walks every root for this, so it is asked seldom; a container can write past its limit meanwhile. */
const EVERY_MS = 15_000
const DEADLINE_MS = 60_000

/**
 * Stops containers that have written more to their own roots than they may. The engine's usual storage
 * drivers cannot cap a root, so this watches, and is late by as much as it waits.
 */
export function rootWatch({ store, engine, clock, timers, log, wake }: RootWatchDeps) {
  const stopping = new AbortController()
  let cancel: (() => void) | undefined
  let looking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    const limits = { timers, ms: DEADLINE_MS, signal: stopping.signal }
    const written = await within(limits, (signal) => engine.writtenBytes(signal))
    for (const { row, tenant } of await store.read.containers.live()) {
      const bytes = written.get(dockerName(tenant, 'container', row.id)) ?? 0
      if (bytes > ROOT_LIMIT_BYTES && row.desired === 'running') await stop(row.id, bytes)
    }
  }

  async function stop(id: string, bytes: number): Promise<void> {
    const stopped = await store.write(async (q) => {
      const row = await q.containers.byId(id)
      if (row?.desired !== 'running') return false
      return q.containers.updateAt(row, {
        desired: 'stopped',
        state: 'stopping',
        generation: row.generation + 1,
        reasonCode: 'root-full',
        reasonMessage: `It has written ${bytes} bytes to its own root, more than the ${ROOT_LIMIT_BYTES} it may; delete files when it runs again, or make it anew`,
        retryAt: null,
        finishedAt: clock.now().getTime(),
      })
    })
    if (!stopped) return
    log('warn', 'Container stopped: its root is full', { container: id, bytes })
    wake(id)
  }

  function again(): void {
    cancel = timers.after(EVERY_MS, () => {
      looking = look()
        .catch((error: unknown) => {
          if (!stopping.signal.aborted)
            log('info', 'Cannot look at the containers’ roots', { error })
        })
        .finally(() => {
          if (!stopping.signal.aborted) again()
        })
    })
  }

  return {
    look,
    start: again,
    async stop(): Promise<void> {
      stopping.abort()
      cancel?.()
      await looking
    },
  }
}
