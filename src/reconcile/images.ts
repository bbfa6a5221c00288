import type { Store } from '../../db/open.ts'
import { failure } from '../core/failure.ts'
import { imageReference } from '../core/image-reference.ts'
import type { Clock } from '../ports/clock.ts'
import { pullTurns } from './pull-turns.ts'
import type { RegistryGate } from './registry-gate.ts'
import { EngineRefusal, type Engine, type ImageFacts } from '../ports/engine.ts'

export interface ImageDeps {
  readonly store: Store
  readonly engine: Engine
  readonly clock: Clock
  /** What a tenant has told us to sign in to a registry with. */
  readonly loginFor: (tenantId: string, host: string) => Promise<Login | undefined>
  /** Answers why nothing is pulled from there. */
  readonly gate: RegistryGate
  readonly mostBytes: number
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
export function imageResolver({ store, engine, clock, loginFor, gate, mostBytes }: ImageDeps) {
  const inTurn = pullTurns()
  return async (asked: ImageAsked, told: PullTold, signal: AbortSignal): Promise<ImageFacts> => {
    const reference = imageReference(asked.image)
    if (!reference.ok) throw unavailable(asked.image, reference.reason)
    const { normalised, registry } = reference
    const allowed = await store.read.images.byReference(asked.tenantId, normalised)
    const local = allowed && (await engine.image(allowed.imageId, signal))
    if (local) return local

    const closed = await gate(registry, signal)
    if (closed) throw unavailable(asked.image, closed)
    await told.begins()
    const login = await loginFor(asked.tenantId, registry)
    const credentials = login && { ...login, host: registry }
    try {
      const wanted = { reference: normalised, mostBytes, ...(credentials && { credentials }) }
      const pull = (): Promise<void> => engine.pull(wanted, told.progress, signal)
      await inTurn(asked.tenantId, pull, signal)
    } catch (error) {
      if (error instanceof EngineRefusal) throw unavailable(asked.image, error.answer)
      throw error
    }
    const pulled = await engine.image(normalised, signal)
    if (!pulled) throw unavailable(asked.image, 'the engine does not have it after the pull')
    if (pulled.sizeBytes !== undefined && pulled.sizeBytes > mostBytes * UNPACKED) {
      throw unavailable(asked.image, `unpacked it is too large: ${pulled.sizeBytes} bytes`)
    }
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

/** What compresses better than this is made to fill disks. */
const UNPACKED = 5

export type ImageResolver = ReturnType<typeof imageResolver>

const unavailable = (image: string, answer: string) =>
  failure('image-unavailable', `Cannot get image "${image}": ${answer}`, { image, answer })
