import type { Given, Options } from './arguments.ts'
import type { Context } from './context.ts'
import type { ExitCode } from './exit.ts'

/** One command as data: help, completion and parsing read it, and only running it loads its work. */
export interface Command {
  readonly words: readonly string[]
  /** The positionals: `<image> [argument…]`. */
  readonly takes: string
  readonly summary: string
  readonly options: Options
  /** More to say than fits a line. */
  readonly notes?: string
  readonly work: () => Promise<Work>
}

export type Work = (context: Context, given: Given) => Promise<ExitCode>

export const usageOf = (command: Command): string =>
  ['cloudlet', ...command.words, '[options]', command.takes].filter((one) => one !== '').join(' ')

/** How many positionals a command can do with, read from the description of what it takes. */
export function arity(takes: string): { readonly least: number; readonly most: number } {
  const parts = takes === '' ? [] : takes.split(' ')
  const least = parts.filter((part) => part.startsWith('<')).length
  return { least, most: parts.some((part) => part.includes('…')) ? Infinity : parts.length }
}
