import type { Store } from '../../db/open.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineRefusal, type Engine } from '../ports/engine.ts'

export interface ImageCollectorDeps {
  readonly store: Store
  readonly engine: Pick<Engine, 'image' | 'removeImage'>
  readonly clock: Clock
  readonly log: Log
  /** So long an image that nobody uses is kept, for whoever comes back to it. */
  readonly keptMs: number
}

/**
 * Takes images from the engine again that the platform has fetched and of which no container is made any more.
 * First everybody loses the right to run one without a pull, and at the next sweep it goes: who was about to use
 * it meanwhile has either pulled it anew or made a container of it, and either keeps it.
 */
export function imageCollector({ store, engine, clock, log, keptMs }: ImageCollectorDeps) {
  let idleSince: ReadonlyMap<string, number> = new Map()

  async function collect(imageId: string, references: readonly string[], signal: AbortSignal) {
    const isFree = await store.write(async (q) => {
      const idle = await q.images.idleFetched()
      return idle.some((one) => one.imageId === imageId) && !(await q.images.release(imageId))
    })
    if (!isFree) return
    try {
      for (const reference of references) {
        // The name may have moved on to another image.
        const named = await engine.image(reference, signal)
        if (named?.imageId === imageId) await engine.removeImage(reference, signal)
      }
      await engine.removeImage(imageId, signal)
    } catch (error) {
      // Somebody else on this machine uses it, or has given it a name: then it stays for as long.
      if (!(error instanceof EngineRefusal)) throw error
      log('debug', 'An image that no tenant uses is still used', { image: imageId, error })
      return
    }
    await store.write((q) => q.images.forgetFetched(imageId))
    log('info', 'Removed an image that no container was made of', { image: imageId, references })
  }

  return {
    async sweep(signal: AbortSignal): Promise<void> {
      const now = clock.now().getTime()
      const idle = Map.groupBy(await store.read.images.idleFetched(), ({ imageId }) => imageId)
      idleSince = new Map([...idle.keys()].map((id) => [id, idleSince.get(id) ?? now]))
      for (const [id, images] of idle) {
        if (now - (idleSince.get(id) ?? now) < keptMs) continue
        signal.throwIfAborted()
        const references = images.map(({ reference }) => reference)
        // oxlint-disable-next-line no-await-in-loop -- one after another: an engine is slow to remove
        await collect(id, references, signal)
      }
    },
  }
}
