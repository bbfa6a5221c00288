import { Failure } from '../core/failure.ts'
import { EVENT_STREAM, NDJSON, PLAIN_TEXT, type MediaType } from './accept.ts'
import { problemOf } from './problem.ts'

/** How items become bytes, and what tells the reader that the stream ended in a failure. */
export interface Rendering {
  readonly contentType: string
  item(value: unknown): string
  /** Says nothing, so that whoever cuts quiet connections sees that this one lives; null: no such thing. */
  readonly quiet: string | null
  /** null: the format has no place for it, so the connection is cut instead. */
  failed(problem: object): string | null
}

const LINES: Rendering = {
  contentType: NDJSON,
  item: (value) => `${JSON.stringify(value)}\n`,
  quiet: '\n',
  failed: (problem) => `${JSON.stringify({ error: problem })}\n`,
}

const EVENTS: Rendering = {
  contentType: EVENT_STREAM,
  item: (value) => `${idOf(value)}data: ${JSON.stringify(value)}\n\n`,
  quiet: ': \n\n',
  failed: (problem) => `event: error\ndata: ${JSON.stringify(problem)}\n\n`,
}

/** A client that was cut off sends the last id that it has seen as `Last-Event-ID`. */
const idOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'seq' in value ? `id: ${String(value.seq)}\n` : ''

/** How items go out in the form that the client takes. */
export function renderingFor(type: MediaType, text: (value: never) => string): Rendering {
  if (type === NDJSON) return LINES
  if (type === EVENT_STREAM) return EVENTS
  return {
    contentType: `${PLAIN_TEXT}; charset=utf-8`,
    // The values are those that `text` was written for: both come from the same endpoint.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    item: (value) => `${text(value as never)}\n`,
    quiet: null,
    failed: () => null,
  }
}

interface Source {
  readonly items: AsyncIterable<unknown>
  readonly signal: AbortSignal
  /** Called once, when the stream is over in whatever way. */
  readonly over: () => void
  /** Breaks the connection of a reader that no longer takes anything. */
  readonly cut: () => void
  readonly requestId: string
}

/**
 * How long the head waits for the first item, so that a failure before it is still a problem with a
 * status of its own. A log that is followed may well have nothing to say yet.
 */
const FIRST_ITEM_MS = 500
/** Shorter than what proxies, and `fetch` itself, wait for the next byte. */
const QUIET_MS = 20_000
/** How long a reader may take to hear why its stream has ended; then it is cut. */
const LINGER_MS = 5_000

/** Turns items into a body: asks for the next one only when the reader has taken the one before. */
export async function streamed(
  { items, signal, over, cut, requestId }: Source,
  rendering: Rendering,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder()
  const source = abortable(items, signal)
  const lingering = lingers(signal, cut)
  const end = () => {
    source.end()
    over()
  }

  let ahead: Promise<IteratorResult<unknown>> | undefined = source.next()
  try {
    await settledWithin(ahead, FIRST_ITEM_MS)
  } catch (error) {
    lingering.over()
    end()
    throw error
  }
  // Held back until it is asked for; without this a failure meanwhile would count as unhandled.
  ahead.catch(() => undefined)

  async function next(): Promise<IteratorResult<unknown> | 'quiet'> {
    ahead ??= source.next()
    const isQuiet = rendering.quiet !== null && !(await settledWithin(ahead, QUIET_MS))
    if (isQuiet) return 'quiet'
    const result = await ahead
    ahead = undefined
    return result
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const put = (text: string) => controller.enqueue(encoder.encode(text))
      try {
        const result = await next()
        if (result === 'quiet') return put(rendering.quiet ?? '')
        if (!result.done) return put(rendering.item(result.value))
        end()
        lingering.over()
        return controller.close()
      } catch (error) {
        end()
        lingering.over()
        const record =
          error instanceof Failure || !signal.aborted
            ? rendering.failed(problemOf(error, requestId).body)
            : null
        if (record === null) return controller.error(error)
        put(record)
        return controller.close()
      }
    },
    cancel() {
      end()
      lingering.over()
    },
  })
}

/** Cuts a reader that has not heard of the end some time after it: it takes nothing any more. */
function lingers(signal: AbortSignal, cut: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const begin = () => {
    timer = setTimeout(cut, LINGER_MS)
  }
  signal.addEventListener('abort', begin, { once: true })
  return {
    over() {
      signal.removeEventListener('abort', begin)
      clearTimeout(timer)
    },
  }
}

/** Whether it was settled by then. What it throws in that time is thrown. */
async function settledWithin(first: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([first.then(() => true), patience])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Each wait for an item can be ended by the signal. Not `Promise.race` with one promise for the
 * signal: that promise would remember every race that it took part in.
 */
function abortable(items: AsyncIterable<unknown>, signal: AbortSignal) {
  const iterator = items[Symbol.asyncIterator]()
  let cut: ((reason: unknown) => void) | undefined
  const abort = () => cut?.(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  return {
    next(): Promise<IteratorResult<unknown>> {
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<unknown>>()
      cut = reject
      if (signal.aborted) abort()
      else iterator.next().then(resolve, reject)
      return promise
    },
    end() {
      signal.removeEventListener('abort', abort)
      // A source that hangs must not hold the end up; what it throws now has no reader any more.
      void Promise.resolve(iterator.return?.()).catch(() => undefined)
    },
  }
}
