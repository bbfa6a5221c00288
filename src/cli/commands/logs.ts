import { UnreachableError } from '../../client/api-error.ts'
import type { Client } from '../../client/client.ts'
import { pause } from '../../client/pause.ts'
import { containerLogs, type LogLine } from '../../contract/containers.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit.ts'
import { visibleLog } from '../text.ts'
import { momentOf, wholeOf } from '../units.ts'

interface LogQuery {
  readonly tail?: number
  readonly since?: string
  readonly follow?: string
  readonly stream?: 'all' | 'stderr' | 'stdout'
}

export const logs: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, container: given.word(0) }
  const query = queryOf(given, context.world.now())
  for await (const line of lines(api, { params, query, signal: context.world.signal })) {
    await printed(context, line, given.has('timestamps'))
  }
  return EXIT.ok
}

/** What the container wrote to stderr goes to stderr, so that a pipe gets the one it is about. */
async function printed(context: Context, line: LogLine, isTimed: boolean): Promise<void> {
  const { stdout, stderr } = context.world
  if (context.json) return stdout.write(`${JSON.stringify(line)}\n`)
  const output = line.stream === 'stderr' ? stderr : stdout
  const time = isTimed ? `${line.time ?? '-'} ` : ''
  // A program that reads gets the bytes as they are; a terminal must not obey them.
  const text = output.isTty ? visibleLog(line.line) : line.line
  return output.write(`${time}${text}\n`)
}

interface Read {
  readonly params: { readonly tenant: string; readonly container: string }
  readonly query: LogQuery
  readonly signal: AbortSignal
}

const BREAK_PAUSE_MS = 500
/** In a row without a new line between: the platform is gone for good. */
const MOST_BREAKS = 5

/**
 * The lines of a log. A followed one that breaks is taken up again where it broke: a quiet stream is
 * cut by proxies and by `fetch` itself after minutes, and the platform may be upgraded meanwhile.
 */
async function* lines(api: Client, { params, query, signal }: Read): AsyncGenerator<LogLine> {
  const place = new LogPlace()
  for (let breaks = 0; ; breaks++) {
    place.rewind()
    try {
      const stream = api.stream(containerLogs, { params, query: place.from(query) })
      for await (const line of stream) {
        breaks = 0
        yield* place.unknown(line)
      }
      return
    } catch (error) {
      const isWorthIt = query.follow === 'true' && place.isSet && breaks < MOST_BREAKS
      if (!isWorthIt || !(error instanceof UnreachableError)) throw error
      // oxlint-disable-next-line no-await-in-loop -- a pause between two tries
      await pause(BREAK_PAUSE_MS * breaks, signal)
    }
  }
}

/** How far a log has been read: a moment, and how many lines of that moment. */
class LogPlace {
  #time: string | null = null
  #count = 0
  #repeated = 0

  get isSet(): boolean {
    return this.#time !== null
  }

  /** The moment it broke at is asked for again, because it may have had more lines. */
  from(query: LogQuery): LogQuery {
    if (this.#time === null) return query
    const { tail: _tail, ...unlimited } = query
    return { ...unlimited, since: this.#time }
  }

  rewind(): void {
    this.#repeated = this.#count
  }

  /** Takes note of a line and answers it, or nothing for one that came before the break already. */
  unknown(line: LogLine): readonly LogLine[] {
    const { time } = line
    if (time === null) return [line]
    if (time === this.#time && this.#repeated > 0) {
      this.#repeated--
      return []
    }
    this.#count = time === this.#time ? this.#count + 1 : 1
    this.#time = time
    return [line]
  }
}

function queryOf(given: Given, now: Date): LogQuery {
  const tail = given.text('tail')
  const since = given.text('since')
  const stream = oneOf(['all', 'stdout', 'stderr'], given.text('stream'), '--stream')
  return {
    ...(tail === null ? {} : { tail: wholeOf(tail, '--tail') }),
    ...(since === null ? {} : { since: momentOf(since, '--since', now) }),
    ...(stream === null ? {} : { stream }),
    ...(given.has('follow') ? { follow: 'true' } : {}),
  }
}
