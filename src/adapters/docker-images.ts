import { imageReference } from '../core/image-reference.ts'
import { EngineAway, EngineRefusal, type Engine, type PullWanted } from '../ports/engine.ts'
import { fieldsOf, parsedJson, scrubbed, textOf } from './docker-answers.ts'
import type { Calls, Question } from './docker-calls.ts'
import { imageFacts, MANIFESTS, packedBytes } from './docker-image-facts.ts'
import { jsonLines } from './docker-lines.ts'
import { layerBound, pullProgress } from './docker-progress.ts'

type Images = Pick<Engine, 'image' | 'pull' | 'removeImage'>

const GONE = 404
const MALFORMED = 400
const TOO_LARGE = 413
/** The registry failed after the engine had begun to answer 200. */
const FAILED_LATE = 500
const LINE_BYTES = 256 * 1024
/** The engine says nothing before the registry has answered, and tries a silent one several times. */
const FIRST_WORD_MS = 5 * 60_000
const IMAGE_ID = /^sha256:[0-9a-f]{64}$/

export function dockerImages(calls: Calls): Images {
  const inspected = async (reference: string, signal: AbortSignal) => {
    const action = `inspect image "${reference}"`
    const question = {
      action,
      method: 'GET',
      path: `${pathOf(action, reference)}/json`,
      query: MANIFESTS,
      fine: [GONE],
      signal,
    } as const
    const { status, value } = await calls.ask(question)
    return status === GONE ? undefined : value
  }

  return {
    async image(reference, signal) {
      const found = await inspected(reference, signal)
      return found === undefined ? undefined : imageFacts(found)
    },

    async removeImage(reference, signal) {
      const action = `remove image "${reference}"`
      const path = pathOf(action, reference)
      await calls.ask({ action, method: 'DELETE', path, fine: [GONE], signal })
    },

    async pull(wanted, onProgress, signal) {
      const { mostBytes = Infinity } = wanted
      const action = `pull image "${wanted.reference}"`
      const { registry, repository, tag, digest } = wholeName(action, wanted.reference)
      const percent = pullProgress()
      const question = {
        action,
        method: 'POST',
        path: '/images/create',
        query: { fromImage: `${registry}/${repository}`, tag: digest ?? tag ?? '' },
        headers: registryAuth(wanted),
        timeoutMs: FIRST_WORD_MS,
        signal,
      } as const
      const isTooLarge = layerBound(mostBytes)
      for await (const fields of progressOf(calls, question)) {
        // To stop reading is to break off: the engine gives up a pull that nobody waits for.
        if (isTooLarge(fields)) throw tooLarge(action)
        onProgress(percent(fields))
      }
      if (signal.aborted) throw new EngineAway(`Cannot ${question.action}: it took too long`)
      // An engine with containerd's images looks ten times a second, and tells no size of what came between.
      const packed = packedBytes(await inspected(wanted.reference, signal)) ?? 0
      if (packed > mostBytes) throw tooLarge(action)
      onProgress(100)
    },
  }
}

const tooLarge = (action: string): EngineRefusal =>
  new EngineRefusal(action, TOO_LARGE, 'it is too large')

/**
 * The messages of a pull or a build, one by one. An error among them is thrown: by the time it comes
 * the engine has long answered 200.
 */
export async function* progressOf(calls: Calls, question: Question) {
  for await (const line of jsonLines(calls.stream(question), LINE_BYTES)) {
    const fields = fieldsOf(parsedJson(line))
    const error = textOf(fieldsOf(fields['errorDetail'])['message']) || textOf(fields['error'])
    if (error) throw new EngineRefusal(question.action, FAILED_LATE, scrubbed(error))
    yield fields
  }
}

/** By its name or by its id. */
function pathOf(action: string, reference: string): string {
  const name = IMAGE_ID.test(reference) ? reference : wholeName(action, reference).normalised
  return `/images/${name.split('/').map(encodeURIComponent).join('/')}`
}

function wholeName(action: string, reference: string) {
  const name = imageReference(reference)
  if (name.ok) return name
  throw new EngineRefusal(action, MALFORMED, name.reason)
}

/** The engine wants the URL-safe alphabet with its padding (RFC 4648 §5). */
function registryAuth({ credentials }: PullWanted): Record<string, string> {
  if (!credentials) return {}
  const { username, password, host } = credentials
  const json = JSON.stringify({ username, password, serveraddress: host })
  const base64 = Buffer.from(json).toString('base64')
  return { 'X-Registry-Auth': base64.replaceAll('+', '-').replaceAll('/', '_') }
}
