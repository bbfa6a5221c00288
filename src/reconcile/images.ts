import type { Store } from '../../db/open.ts'
import { failure } from '../core/failure.ts'
import { imageReference } from '../core/image-reference.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineRefusal, type Engine, type ImageFacts } from '../ports/engine.ts'

export interface ImageDeps {
  readonly store: Store
  readonly engine: Engine
  readonly clock: Clock
  /** What a tenant has told us to sign in to a registry with. */
  readonly loginFor: (tenantId: string, host: string) => Promise<Login | undefined>
}

interface Login {
  readonly username: string
  readonly password: string
}

export interface ImageAsked {
  readonly tenantId: string
  readonly image: string
}

export interface PullTold {
  /** Called once, before the pull begins. */
  readonly begins: () => Promise<void>
  readonly progress: (percent: number) => void
}

/**
 * Finds the image of a container. What the engine holds is not free for all: a tenant runs only images
 * that are shared, or that it has pulled with its own credentials.
 */
export function imageResolver({ store, engine, clock, loginFor }: ImageDeps) {
  return async (asked: ImageAsked, told: PullTold, signal: AbortSignal): Promise<ImageFacts> => {
    const reference = imageReference(asked.image)
    if (!reference.ok) throw unavailable(asked.image, reference.reason)
    const { normalised, registry } = reference
    const allowed = await store.read.images.byReference(asked.tenantId, normalised)
    const local = allowed && (await engine.image(allowed.imageId, signal))
    if (local) return local

    await told.begins()
    const login = await loginFor(asked.tenantId, registry)
    const credentials = login && { ...login, host: registry }
    try {
      await engine.pull(
        { reference: normalised, ...(credentials && { credentials }) },
        told.progress,
        signal,
      )
    } catch (error) {
      if (error instanceof EngineRefusal) throw unavailable(asked.image, error.answer)
      throw error
    }
    const pulled = await engine.image(normalised, signal)
    if (!pulled) throw unavailable(asked.image, 'the engine does not have it after the pull')
    const addedAt = clock.now().getTime()
    await store.write((q) =>
      q.images.put({
        tenantId: asked.tenantId,
        reference: normalised,
        imageId: pulled.imageId,
        addedAt,
      }),
    )
    return pulled
  }
}
export type ImageResolver = ReturnType<typeof imageResolver>

const unavailable = (image: string, answer: string) =>
  failure('image-unavailable', `Cannot get image "${image}": ${answer}`, { image, answer })
