import { StringDecoder } from 'node:string_decoder'
import { EngineAway, type LogRecord, type LogsWanted } from '../ports/engine.ts'
import type { Calls } from './docker-calls.ts'

type Stream = LogRecord['stream']

/** A frame's head: stream, three zeros, length (Engine API, ContainerAttach, "Stream format"). */
const HEAD_BYTES = 8
/** The engine writes 16 KiB and a timestamp; anything far longer is not this format. */
const FRAME_BYTES = 1024 * 1024
const LINE_CHARACTERS = 16 * 1024
const LINE_FEED = 10
const STREAMS: Readonly<Record<number, Stream>> = { 1: 'stdout', 2: 'stderr' }
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) /

export async function* dockerLogs(
  calls: Calls,
  name: string,
  asked: { readonly wanted: LogsWanted; readonly signal: AbortSignal },
): AsyncGenerator<LogRecord, void, void> {
  const { wanted, signal } = asked
  const { tail, since, streams, follow } = wanted
  if (streams.length === 0) return
  const chunks = calls.stream({
    action: `read the log of "${name}"`,
    method: 'GET',
    path: `/containers/${encodeURIComponent(name)}/logs`,
    query: {
      timestamps: '1',
      follow: follow ? '1' : '0',
      stdout: streams.includes('stdout') ? '1' : '0',
      stderr: streams.includes('stderr') ? '1' : '0',
      ...(tail !== undefined && { tail: String(tail) }),
      ...(since && { since: String(since.getTime() / 1000) }),
    },
    signal,
  })
  yield* logRecords(chunks)
}

/** Tells the streams apart, and the lines. Asks for the next chunk only when the last is used up. */
export async function* logRecords(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<LogRecord, void, void> {
  const lines = { stdout: logLines('stdout'), stderr: logLines('stderr') }
  let held = Buffer.alloc(0)
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk])
    let at = 0
    while (held.length - at >= HEAD_BYTES) {
      const size = held.readUInt32BE(at + 4)
      const stream = STREAMS[held[at] ?? 0]
      if (!stream || size > FRAME_BYTES) throw new EngineAway('Cannot read the log: no log frame')
      const start = at + HEAD_BYTES
      if (held.length - start < size) break
      yield* lines[stream](held.subarray(start, start + size))
      at = start + size
    }
    held = held.subarray(at)
  }
}

/**
 * A frame is one message: a time and a line, or 16 KiB of a longer one. A character that two parts
 * share comes whole with the second.
 */
function logLines(stream: Stream) {
  const decoder = new StringDecoder('utf8')
  return function* linesOf(frame: Buffer): Generator<LogRecord, void, void> {
    const head = frame.subarray(0, 64).toString('latin1')
    const stamp = TIME.exec(head)
    const time = stamp?.[1] === undefined ? null : new Date(stamp[1])
    const message = frame.subarray(stamp?.[0].length ?? 0)
    const whole = message.at(-1) === LINE_FEED
    const text = decoder.write(message) + (whole ? decoder.end() : '')
    for (const line of (whole ? text.slice(0, -1) : text).split('\n')) {
      for (const part of parts(line)) yield { stream, time, line: part }
    }
  }
}

function parts(line: string): string[] {
  if (line.length <= LINE_CHARACTERS) return [line]
  const count = Math.ceil(line.length / LINE_CHARACTERS)
  return Array.from({ length: count }, (_, i) =>
    line.slice(i * LINE_CHARACTERS, (i + 1) * LINE_CHARACTERS),
  )
}
