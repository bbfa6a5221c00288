import type { ImageFacts } from '../ports/engine.ts'
import { fieldsOf, listOf, numberOf, textOf, type Fields } from './docker-answers.ts'

/** What the engine answers of an image that is asked for with `MANIFESTS`. */
export function imageFacts(value: unknown): ImageFacts {
  const fields = fieldsOf(value)
  const config = fieldsOf(fields['Config'])
  const exposed = Object.keys(fieldsOf(config['ExposedPorts']))
  return {
    imageId: textOf(fields['Id']),
    exposedTcpPorts: exposed
      .flatMap((key) => /^(\d{1,5})(?:\/tcp)?$/.exec(key)?.[1] ?? [])
      .map(Number)
      .filter((port) => port >= 1 && port <= 65535)
      .toSorted((a, b) => a - b),
    volumes: Object.keys(fieldsOf(config['Volumes'])).toSorted(),
    user: textOf(config['User']),
    sizeBytes: unpackedBytes(fields),
  }
}

/** Engines that keep images in containerd tell of each of an image's manifests then; others read over it. */
export const MANIFESTS = { manifests: '1' } as const

/**
 * Of its layers as the registry gave them; undefined where the engine keeps only what it has unpacked, as
 * those do that do not keep images in containerd.
 */
export function packedBytes(value: unknown): number | undefined {
  const manifests = manifestsOf(fieldsOf(value))
  if (manifests.length === 0) return undefined
  return sumOf(manifests, (manifest) => fieldsOf(manifest['Size'])['Content'])
}

/** With images in containerd the size of the whole counts both what came and what was made of it. */
function unpackedBytes(fields: Fields): number {
  const manifests = manifestsOf(fields)
  if (manifests.length === 0) return numberOf(fields['Size'])
  return sumOf(manifests, (manifest) => {
    const { Size } = fieldsOf(manifest['ImageData'])
    return fieldsOf(Size)['Unpacked']
  })
}

const manifestsOf = (fields: Fields): readonly Fields[] => listOf(fields['Manifests']).map(fieldsOf)

const sumOf = (manifests: readonly Fields[], size: (manifest: Fields) => unknown): number =>
  manifests.reduce((total, manifest) => total + numberOf(size(manifest)), 0)
