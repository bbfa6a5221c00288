import type { Store } from '../../db/open.ts'
import { failure, quotaExceeded } from '../core/failure.ts'
import { imageReference } from '../core/image-reference.ts'
import type { Amounts, Limits } from '../core/quota.ts'
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
  /** What a tenant may have and has; undefined for one that is gone. */
  readonly accountOf: (tenantId: string) => Promise<ImageAccount | undefined>
}

interface ImageAccount {
  readonly limits: Limits
  readonly reserved: Amounts
}

interface Login {
  readonly username: string
  readonly password: string
}

interface ImageFound {
  readonly facts: ImageFacts
  /** Every tenant may run it, and it counts for none. */
  readonly isShared: boolean
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
export function imageResolver({
  store,
  engine,
  clock,
  accountOf,
  loginFor,
  gate,
  ...deps
}: ImageDeps) {
  const { mostBytes } = deps
  const inTurn = pullTurns()

  /** What was there before anybody asked us for it is not ours to take away. */
  async function isOfOperator(reference: string, signal: AbortSignal): Promise<boolean> {
    const there = await engine.image(reference, signal)
    return there !== undefined && !(await store.read.images.isFetched(there.imageId))
  }

  return async (asked: ImageAsked, told: PullTold, signal: AbortSignal): Promise<ImageFound> => {
    const reference = imageReference(asked.image)
    if (!reference.ok) throw unavailable(asked.image, reference.reason)
    const { normalised, registry } = reference
    const allowed = await store.read.images.byReference(asked.tenantId, normalised)
    const local = allowed && (await engine.image(allowed.imageId, signal))
    if (local) return { facts: local, isShared: allowed.tenantId === null }

    const closed = await gate(registry, signal)
    if (closed) throw unavailable(asked.image, closed)
    await told.begins()
    const login = await loginFor(asked.tenantId, registry)
    const credentials = login && { ...login, host: registry }
    const room = roomFor(await accountOf(asked.tenantId))
    const isOperators = await isOfOperator(normalised, signal)
    try {
      const most = Math.min(mostBytes, room?.left ?? Infinity)
      const wanted = { reference: normalised, mostBytes: most, ...(credentials && { credentials }) }
      const pull = (): Promise<void> => engine.pull(wanted, told.progress, signal)
      await inTurn(asked.tenantId, pull, signal)
    } catch (error) {
      if (room && room.left < mostBytes && isTooLarge(error)) throw beyondQuota(asked.image, room)
      if (error instanceof EngineRefusal) throw unavailable(asked.image, error.answer)
      throw error
    }
    const pulled = await engine.image(normalised, signal)
    if (!pulled) throw unavailable(asked.image, 'the engine does not have it after the pull')
    const { imageId } = pulled
    if (!isOperators)
      await store.write((q) => q.images.noteFetched({ imageId, reference: normalised }))
    if (pulled.sizeBytes !== undefined && pulled.sizeBytes > mostBytes * UNPACKED) {
      throw unavailable(asked.image, `unpacked it is too large: ${pulled.sizeBytes} bytes`)
    }
    const addedAt = clock.now().getTime()
    await store.write((q) =>
      q.images.put({ tenantId: asked.tenantId, reference: normalised, imageId, addedAt }),
    )
    return { facts: pulled, isShared: false }
  }
}

/**
 * How much more of images the tenant may have; undefined: without limit. A pull of more is broken off, since
 * packed nothing is larger than unpacked; how large it really is, is known and judged when it is there.
 */
function roomFor(account: ImageAccount | undefined) {
  const limit = account?.limits.imageBytes ?? null
  if (limit === null) return undefined
  const used = account?.reserved.imageBytes ?? 0
  return { limit, used, left: Math.max(0, limit - used) }
}

const TOO_LARGE = 413
const isTooLarge = (error: unknown): boolean =>
  error instanceof EngineRefusal && error.status === TOO_LARGE

/** Of a pull that was broken off is only known that it is more than there was room for. */
function beyondQuota(
  image: string,
  { limit, used, left }: NonNullable<ReturnType<typeof roomFor>>,
) {
  const short = { resource: 'imageBytes', limit, used, requested: left + 1 } as const
  return quotaExceeded({ verb: 'get', kind: 'image', name: image }, [short])
}

/** What compresses better than this is made to fill disks. */
const UNPACKED = 5

export type ImageResolver = ReturnType<typeof imageResolver>

const unavailable = (image: string, answer: string) =>
  failure('image-unavailable', `Cannot get image "${image}": ${answer}`, { image, answer })
