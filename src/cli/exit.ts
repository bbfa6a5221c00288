/** What the exit code of a command says. Scripts rely on it: add, never change. */
export const EXIT = {
  ok: 0,
  /** The platform answered that it did not work. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  unreachable: 3,
  /** Not signed in, or not allowed. */
  refused: 4,
  notFound: 5,
  quota: 6,
  /** Time is up; the operation may still be going on. */
  unfinished: 7,
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** An error whose message is all there is to say, and which knows how the command ends. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode
  /** What to type next, on a line of its own. */
  readonly hint: string | null

  constructor(exitCode: ExitCode, message: string, hint: string | null = null) {
    super(message)
    this.exitCode = exitCode
    this.hint = hint
  }
}

export const usageError = (message: string, hint: string | null = null): CommandError =>
  new CommandError(EXIT.usage, message, hint)
