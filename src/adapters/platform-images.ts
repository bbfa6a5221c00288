import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { EngineAway } from '../ports/engine.ts'
import { textOf } from './docker-answers.ts'
import { dockerCalls, type Calls } from './docker-calls.ts'
import { dockerImages, progressOf } from './docker-images.ts'

/** An image that is made here, not pulled. */
export interface LocalImage {
  /** `<repository>:<hash of the content>`: one that is there is never built again. */
  readonly tag: string
  /** The name that people use; it follows the tag. */
  readonly latest: string
  /** The build context as a tar stream, made only when it is needed. */
  readonly archive: () => Readable
}

export interface BuiltImage {
  readonly tag: string
  readonly latest: string
  readonly imageId: string
  /** False: it was there. */
  readonly built: boolean
}

export interface BuildProgress {
  readonly tag: string
  readonly percent: number
}

/** One step can be the unpacking of a Node binary on a slow disk. */
const BUILD_MS = 10 * 60_000

/**
 * Builds what is missing, in the order given, since one image can start from another. The classic
 * builder is asked for by name: it needs no network and nothing but the engine.
 */
export function platformImages(docker: Docker) {
  const calls = dockerCalls(docker)
  const images = dockerImages(calls)

  async function ensure(
    wanted: LocalImage,
    onProgress: (progress: BuildProgress) => void,
    signal: AbortSignal,
  ): Promise<BuiltImage> {
    const { tag, latest } = wanted
    const there = await images.image(tag, signal)
    if (!there) await build(calls, wanted, { onProgress, signal })
    const image = there ?? (await images.image(tag, signal))
    if (!image) throw new Error(`Cannot build image "${tag}": the engine lost it`)
    if ((await images.image(latest, signal))?.imageId !== image.imageId) {
      await name(calls, wanted, signal)
    }
    return { tag, latest, imageId: image.imageId, built: !there }
  }

  return {
    async ensureAll(
      wanted: readonly LocalImage[],
      onProgress: (progress: BuildProgress) => void,
      signal: AbortSignal,
    ): Promise<BuiltImage[]> {
      const built: BuiltImage[] = []
      for (const image of wanted) built.push(await ensure(image, onProgress, signal))
      return built
    },
  }
}

async function build(
  calls: Calls,
  { tag, archive }: LocalImage,
  { onProgress, signal }: { onProgress: (progress: BuildProgress) => void; signal: AbortSignal },
): Promise<void> {
  const file = archive()
  try {
    const question = {
      action: `build image "${tag}"`,
      method: 'POST',
      path: '/build',
      query: { t: tag, version: '1', rm: '1', forcerm: '1', networkmode: 'none' },
      file,
      timeoutMs: BUILD_MS,
      signal,
    } as const
    for await (const message of progressOf(calls, question)) {
      const step = /^Step (\d+)\/(\d+) :/.exec(textOf(message['stream']))
      if (step) onProgress({ tag, percent: percentBefore(Number(step[1]), Number(step[2])) })
    }
    if (signal.aborted) throw new EngineAway(`Cannot ${question.action}: it took too long`)
    onProgress({ tag, percent: 100 })
  } finally {
    file.destroy()
  }
}

/** A step is named when it begins. */
const percentBefore = (step: number, steps: number): number =>
  Math.floor(((step - 1) / steps) * 100)

async function name(calls: Calls, { tag, latest }: LocalImage, signal: AbortSignal) {
  const [repo = '', version = ''] = latest.split(':')
  await calls.ask({
    action: `name image "${latest}"`,
    method: 'POST',
    path: `/images/${tag.split('/').map(encodeURIComponent).join('/')}/tag`,
    query: { repo, tag: version },
    signal,
  })
}
