import type { Fetch } from '../client/transport.ts'
import type { Trusted } from './trust-store.ts'

/** Everything outside that a command may touch. Tests hand in one of their own. */
export interface World {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: Input
  readonly env: Environment
  /** The user's folder, under which the profile is kept. */
  readonly home: string
  readonly isRoot: boolean
  readonly fetch: Fetch
  /** For endpoints over TLS: trusts the authorities of this machine, and that one beside them. */
  readonly trusting: (ca: string | null) => Trusted
  readonly now: () => Date
  /** A new random text of lower-case letters and digits. */
  readonly newId: () => string
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** Runs a program of the platform in the foreground and answers its exit code. */
  readonly runHere: (program: Program, ...args: string[]) => Promise<number>
}

export type Program = 'doctor' | 'main' | 'restore' | 'uninstall'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Output {
  /** Resolves when the text is on its way, so that a slow reader slows the command. */
  write(text: string): Promise<void>
  readonly isTty: boolean
  readonly columns: number
}

export interface Input {
  readonly isTty: boolean
  /** One line typed by the user; `echo: false` for secrets. */
  ask(question: string, options?: { readonly echo?: boolean }): Promise<string>
  /** All of it, for what is piped in; more than the limit is an error. */
  all(limitChars: number): Promise<string>
}
