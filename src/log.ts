/** What every part logs through: a sentence, and facts beside it. Never a secret. */
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

interface LogDeps {
  readonly part: string
  readonly least: LogLevel
  readonly now: () => Date
  /** Takes one line with its line feed. */
  readonly write: (line: string) => void
}

interface Line extends Record<string, unknown> {
  readonly time: string
  readonly level: LogLevel
  readonly part: string
  readonly message: string
}

const FIELD_LIMIT = 4096

/**
 * One JSON document a line. Written here and not by a library, because the supervisor and the edge
 * carry no dependency, and a log line must look the same from all three.
 */
export function jsonLog({ part, least, now, write }: LogDeps): Log {
  const threshold = LOG_LEVELS.indexOf(least)
  return (level, message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < threshold) return
    const line = { time: now().toISOString(), level, part, message, ...fields }
    write(`${textOf(line)}\n`)
  }
}

/** A log line must not end what it tells of: what cannot be written, such as a circle, is only named. */
function textOf({ time, level, part, message, ...fields }: Line): string {
  try {
    return JSON.stringify({ time, level, part, message, ...fields }, readable)
  } catch {
    return JSON.stringify({ time, level, part, message, unwritable: Object.keys(fields) })
  }
}

/** Errors become their sentence and that of their cause; over-long text is cut. JSON escapes control characters. */
function readable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return described(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string' && value.length > FIELD_LIMIT)
    return `${value.slice(0, FIELD_LIMIT)}…`
  return value
}

function described(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    stack: error.stack?.split('\n').slice(1, 6),
  }
}
