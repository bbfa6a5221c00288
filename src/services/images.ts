import type { Store } from '../../db/open.ts'
import type { ImageRow } from '../../db/queries/images.ts'
import type { Image } from '../contract/images.ts'
import type { Actor } from '../core/actor.ts'
import { engineAway, failure, wrongField } from '../core/failure.ts'
import { imageReference } from '../core/image-reference.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineAway, type Engine } from '../ports/engine.ts'
import type { AuditService } from './audit.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface ImageServiceDeps {
  readonly store: Store
  readonly clock: Clock
  readonly audit: AuditService
  /** Reads only: what the engine has of an image. */
  readonly engine: Pick<Engine, 'image'>
}

export function imageService({ store, clock, audit, engine }: ImageServiceDeps) {
  return {
    async list(slug: string): Promise<{ items: Image[] }> {
      const tenant = await tenantBySlug(store.read, slug)
      const rows = await store.read.images.list(tenant.id)
      return { items: rows.map(imageOf) }
    },

    /** Lets every tenant run what the engine already has under that name, e.g. after a local build. */
    async share(image: string, actor: Actor, signal: AbortSignal): Promise<Image> {
      const reference = imageReference(image)
      if (!reference.ok) throw wrongField('#/image', reference.reason)
      const there = await engine.image(reference.normalised, signal).catch((error: unknown) => {
        throw error instanceof EngineAway ? engineAway('share an image') : error
      })
      if (!there) {
        const answer = 'the engine does not have it; build or pull it there first'
        throw failure('image-unavailable', `Cannot share image "${image}": ${answer}`, {
          image,
          answer,
        })
      }
      const row: ImageRow = {
        tenantId: null,
        reference: reference.normalised,
        imageId: there.imageId,
        addedAt: clock.now().getTime(),
      }
      await store.write(async (q) => {
        await q.images.put(row)
        const target = `image/${row.reference}`
        const said = { action: 'images.share', tenant: null, target, status: 201 }
        await audit.accepted(q, actor, { ...said, output: imageOf(row) })
      })
      return imageOf(row)
    },
  }
}
export type ImageService = ReturnType<typeof imageService>

const imageOf = ({ reference, imageId, tenantId, addedAt }: ImageRow): Image => ({
  reference,
  imageId,
  shared: tenantId === null,
  addedAt: new Date(addedAt).toISOString(),
})
