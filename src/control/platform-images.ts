import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import type { Store } from '../../db/open.ts'
import { z } from 'zod'
import { baseContext, demoContext } from '../../images/contexts.ts'
import { pack } from '../../images/pack.ts'
import { platformImages, type BuildProgress } from '../adapters/platform-images.ts'
import { imageReference } from '../core/image-reference.ts'
import type { Clock } from '../ports/clock.ts'

export interface ImagesDeps {
  readonly docker: Docker
  readonly store: Store
  readonly clock: Clock
  readonly told: (progress: BuildProgress) => void
}

/**
 * Builds the images that every platform has, where they are missing, and shares them with all tenants.
 * Both are made from files of this machine: no registry is needed.
 */
export async function ensurePlatformImages(
  { docker, store, clock, told }: ImagesDeps,
  signal: AbortSignal,
): Promise<void> {
  const base = await baseContext()
  const demo = await demoContext({ ...pinnedNode(), base: base.tag })
  const wanted = [base, demo].map((context) => ({
    tag: context.tag,
    latest: `${context.tag.replace(/:.*/, '')}:latest`,
    archive: () => pack(context),
  }))
  const built = await platformImages(docker).ensureAll(wanted, told, signal)
  const addedAt = clock.now().getTime()
  await store.write(async (q) => {
    for (const { latest, imageId } of built) {
      const reference = imageReference(latest)
      if (reference.ok)
        await q.images.put({ tenantId: null, reference: reference.normalised, imageId, addedAt })
    }
  })
}

/** The pinned Node, which the demo runs on as we do. */
function pinnedNode(): { node: string; nodeVersion: string } {
  const name = `node-linux-${process.arch}`
  const folder = join(ROOT, 'node_modules', name)
  const { version } = Package.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  return { node: join(folder, 'bin/node'), nodeVersion: `${name}@${version}` }
}

const ROOT = join(import.meta.dirname, '../..')
const Package = z.object({ version: z.string() })
