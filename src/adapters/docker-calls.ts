import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { spokenApi } from '../core/engine-api.ts'
import { EngineAway, EngineRefusal } from '../ports/engine.ts'
import { fieldsOf, parsedJson, scrubbed, textOf } from './docker-answers.ts'

/** One request to the engine. */
export interface Question {
  /** For messages: Cannot <action>: … */
  readonly action: string
  readonly method: 'DELETE' | 'GET' | 'POST'
  /** Without version and query. Names in it are encoded by the caller. */
  readonly path: string
  /** Asked in the engine's own favourite version, as what tells which versions there are has to be. */
  readonly plain?: true
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** A body that is not JSON. */
  readonly file?: Readable
  /** Other than 2xx that are answers as well, not refusals. */
  readonly fine?: readonly number[]
  readonly timeoutMs?: number
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly value: unknown
}

export interface Calls {
  /** `1.56`: what is spoken with this engine. Throws EngineAway where there is nothing in common. */
  apiVersion(signal: AbortSignal): Promise<string>
  /** Asks and reads the whole answer, all within the deadline. */
  ask(question: Question): Promise<Answer>
  /** Asks and answers the body as it comes; only its head has a deadline. Ends with the signal. */
  stream(question: Question): AsyncGenerator<Uint8Array, void, void>
}

/** Enough for a list of tens of thousands of containers. */
const BODY_BYTES = 64 * 1024 * 1024
/** An engine under load answers late; one that is silent for longer is not there. */
const TIMEOUT_MS = 60_000

/**
 * Of dockerode the transport is used; statuses, bodies and deadlines are ours. It waits for ever when
 * an answer breaks off, so it hands over each answer as a stream, whatever its status.
 */
const EVERY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i + 100, true]))

/**
 * A dockerode that was made with a version is asked in that one. Otherwise the engine is asked for its
 * versions first, and again after it has been away: another may have come back.
 */
export function dockerCalls(docker: Docker): Calls {
  const { modem } = docker
  const pinned = textOf(Reflect.get(modem, 'version')).replace(/^v/, '')
  let spoken = pinned

  async function* stream(question: Question): AsyncGenerator<Uint8Array, void, void> {
    const deadline = deadlineOf(question)
    let response: IncomingMessage | undefined
    try {
      response = await opened(modem, await placed(question, deadline.signal), deadline.signal)
      deadline.answered()
      const status = response.statusCode ?? 0
      if (status >= 300) answerOf(question, status, await bodyOf(response, deadline.signal))
      yield* chunksOf(response, deadline.signal)
    } catch (error) {
      if (question.signal.aborted) return
      throw forgetting(question, error)
    } finally {
      response?.destroy()
      deadline.clear()
    }
  }

  async function inTime<T>(
    question: Question,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const deadline = deadlineOf(question)
    try {
      return await work(deadline.signal)
    } catch (error) {
      throw forgetting(question, error)
    } finally {
      deadline.clear()
    }
  }

  /** The question with the version in its path; the transport writes one that is pinned itself. */
  async function placed(question: Question, signal: AbortSignal): Promise<Question> {
    if (question.plain || pinned !== '') return question
    return { ...question, path: `/v${await version(question, signal)}${question.path}` }
  }

  async function version(question: Question, signal: AbortSignal): Promise<string> {
    if (spoken === '') spoken = await negotiated(modem, question, signal)
    return spoken
  }

  function forgetting(question: Question, error: unknown): Error {
    const known = away(question, error)
    if (known instanceof EngineAway && !question.signal.aborted) spoken = pinned
    return known
  }

  return {
    apiVersion(signal) {
      const question = { ...VERSIONS, signal }
      return inTime(question, (inner) => version(question, inner))
    },
    ask: (question) =>
      inTime(question, async (signal) => answered(modem, await placed(question, signal), signal)),
    stream,
  }
}

const VERSIONS = {
  action: 'ask the engine for its versions',
  method: 'GET',
  path: '/version',
  plain: true,
} as const

async function negotiated(modem: Docker['modem'], { action }: Question, signal: AbortSignal) {
  const { value } = await answered(modem, { ...VERSIONS, action, signal }, signal)
  const { ApiVersion, MinAPIVersion } = fieldsOf(value)
  const found = spokenApi({ newest: textOf(ApiVersion), oldest: textOf(MinAPIVersion) })
  if (!found.ok) throw new EngineAway(`Cannot ${action}: ${found.reason}. ${found.todo}`)
  return found.version
}

async function answered(
  modem: Docker['modem'],
  question: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await opened(modem, question, signal)
  const text = await broken(question, () => bodyOf(response, signal))
  return answerOf(question, response.statusCode ?? 0, text)
}

/** One signal for the caller's and the call's own end, which leaves no listener behind. */
function deadlineOf({ signal, timeoutMs = TIMEOUT_MS }: Question) {
  const controller = new AbortController()
  const stop = (): void => controller.abort(signal.reason)
  const late = new Error(`no answer within ${timeoutMs} ms`)
  const timer = setTimeout(() => controller.abort(late), timeoutMs)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return {
    signal: controller.signal,
    answered: (): void => clearTimeout(timer),
    clear(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    },
  }
}

function opened(
  modem: Docker['modem'],
  question: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { method, path, query = {}, body = {}, headers, file } = question
  return broken(question, () => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    // The transport looks at the signal too, but not in each of its states.
    whenAborted(signal, reject)
    if (signal.aborted) return promise
    const options = {
      path: `${path}?`,
      method,
      ...(headers && { headers: { ...headers } }),
      ...(file && { file }),
      options: { _query: query, _body: body },
      isStream: true,
      statusCodes: EVERY_STATUS,
      abortSignal: signal,
    }
    modem.dial(options, (error, response) => {
      if (error) reject(error)
      else if (!(response instanceof IncomingMessage)) reject(new Error('it gave no answer'))
      else if (signal.aborted) response.destroy()
      else resolve(response)
    })
    return promise
  })
}

async function bodyOf(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(response, signal)) {
    size += chunk.length
    if (size > BODY_BYTES) throw new Error(`its answer is longer than ${BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function* chunksOf(
  response: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const stop = (): unknown =>
    response.destroy(signal.reason instanceof Error ? signal.reason : undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of response) yield Buffer.from(chunk)
    if (signal.aborted) throw signal.reason
    if (!response.complete) throw new Error('its answer broke off')
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function answerOf({ action, fine = [] }: Question, status: number, text: string): Answer {
  const value = text === '' ? undefined : parsedJson(text)
  if (status < 200 || (status >= 300 && !fine.includes(status))) {
    const words = textOf(fieldsOf(value)['message']) || text || `status ${status}`
    throw new EngineRefusal(action, status, scrubbed(words))
  }
  return { status, value }
}

/** Whatever fails between asking and the end of the answer is the engine being away. */
async function broken<T>(question: Question, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw away(question, error)
  }
}

function away({ action }: Question, error: unknown): Error {
  if (error instanceof EngineRefusal || error instanceof EngineAway) return error
  const why = error instanceof Error ? error.message : String(error)
  return new EngineAway(`Cannot ${action}: ${why}`, { cause: error })
}

function whenAborted(signal: AbortSignal, reject: (reason: unknown) => void): void {
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
}
