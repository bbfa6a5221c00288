import { Failure } from '../core/failure.ts'
import { problemOf } from './problem.ts'

/** How items become bytes, and what tells the reader that the stream ended in a failure. */
export interface Rendering {
  readonly contentType: string
  item(value: unknown): string
  /** null: the format has no place for it, so the connection is cut instead. */
  failed(problem: object): string | null
}

const NDJSON: Rendering = {
  contentType: 'application/x-ndjson',
  item: (value) => `${JSON.stringify(value)}\n`,
  failed: (problem) => `${JSON.stringify({ error: problem })}\n`,
}

const EVENTS: Rendering = {
  contentType: 'text/event-stream',
  item: (value) => `data: ${JSON.stringify(value)}\n\n`,
  failed: (problem) => `event: error\ndata: ${JSON.stringify(problem)}\n\n`,
}

/** The first of the three that `Accept` names; text when it names none. */
export function renderingFor(accept: string, text: (value: never) => string): Rendering {
  for (const range of accept.toLowerCase().split(',')) {
    const type = range.split(';', 1)[0]?.trim()
    if (type === NDJSON.contentType) return NDJSON
    if (type === EVENTS.contentType) return EVENTS
    if (type === 'text/plain') break
  }
  return {
    contentType: 'text/plain; charset=utf-8',
    // The values are those that `text` was written for: both come from the same endpoint.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    item: (value) => `${text(value as never)}\n`,
    failed: () => null,
  }
}

interface Source {
  readonly items: AsyncIterable<unknown>
  readonly signal: AbortSignal
  /** Called once, when the stream is over in whatever way. */
  readonly over: () => void
  readonly requestId: string
}

/**
 * How long the head waits for the first item, so that a failure before it is still a problem with a
 * status of its own. A log that is followed may well have nothing to say yet.
 */
const FIRST_ITEM_MS = 500

/** Turns items into a body: asks for the next one only when the reader has taken the one before. */
export async function streamed(
  { items, signal, over, requestId }: Source,
  rendering: Rendering,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder()
  const source = abortable(items, signal)
  const end = () => {
    source.end()
    over()
  }

  let ahead: Promise<IteratorResult<unknown>> | undefined = source.next()
  try {
    await firstOrPatience(ahead)
  } catch (error) {
    end()
    throw error
  }
  // Held back until it is asked for; without this a failure meanwhile would count as unhandled.
  ahead.catch(() => undefined)

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const result = await (ahead ?? source.next())
        ahead = undefined
        if (!result.done) return controller.enqueue(encoder.encode(rendering.item(result.value)))
        end()
        return controller.close()
      } catch (error) {
        end()
        const record =
          error instanceof Failure || !signal.aborted
            ? rendering.failed(problemOf(error, requestId).body)
            : null
        if (record === null) return controller.error(error)
        controller.enqueue(encoder.encode(record))
        return controller.close()
      }
    },
    cancel: end,
  })
}

async function firstOrPatience(first: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FIRST_ITEM_MS)
  })
  try {
    await Promise.race([first, patience])
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
