import {
  AnswerError,
  ApiError,
  DeadlineError,
  isRecord,
  UnreachableError,
  UntrustedError,
} from '../client/api-error.ts'
import { CommandError, EXIT, type ExitCode } from './exit.ts'
import { visible } from './text.ts'

export interface FailureText {
  readonly exitCode: ExitCode
  /** The sentence, then what to do or which fields are wrong. Safe for a terminal. */
  readonly lines: readonly string[]
}

/** What a failed command says, and how it ends. */
export function failureText(error: unknown): FailureText {
  if (error instanceof ApiError) return { exitCode: exitCodeOf(error), lines: apiLines(error) }
  if (error instanceof UntrustedError) {
    return { exitCode: EXIT.unreachable, lines: [error.message, error.hint].map(visible) }
  }
  if (error instanceof CommandError) {
    const hint = error.hint === null ? [] : [error.hint]
    return { exitCode: error.exitCode, lines: [error.message, ...hint].map(visible) }
  }
  const lines = [visible(error instanceof Error ? error.message : String(error))]
  if (error instanceof UnreachableError) return { exitCode: EXIT.unreachable, lines }
  if (error instanceof DeadlineError) return { exitCode: EXIT.unfinished, lines }
  if (error instanceof AnswerError) return { exitCode: EXIT.failed, lines }
  return { exitCode: EXIT.failed, lines: [`Cannot go on, by a fault of the program: ${lines[0]}`] }
}

const CODES: Readonly<Record<string, ExitCode>> = {
  'invalid-token': EXIT.refused,
  'not-allowed': EXIT.refused,
  'not-found': EXIT.notFound,
  'capacity-exceeded': EXIT.quota,
  'quota-exceeded': EXIT.quota,
  'timed-out': EXIT.unfinished,
}

function exitCodeOf({ code, status }: ApiError): ExitCode {
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  if (known !== undefined) return known
  return status === 401 ? EXIT.refused : EXIT.failed
}

function apiLines(error: ApiError): readonly string[] {
  const { code, details, retryAfterSeconds } = error
  const facts: string[] = []
  if (code === 'invalid-input') facts.push(...wrongFields(details['errors']))
  if (code === 'invalid-token') facts.push(text(details['hint']), 'Sign in again: cloudlet login')
  if (retryAfterSeconds !== null) facts.push(`Try again in ${retryAfterSeconds} s`)
  return [error.message, ...facts.filter((fact) => fact !== '')].map(visible)
}

function wrongFields(errors: unknown): readonly string[] {
  if (!Array.isArray(errors)) return []
  return errors.filter(isRecord).map(({ pointer, detail }) => `  ${text(pointer)}: ${text(detail)}`)
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
