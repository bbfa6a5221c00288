import type { Options } from './arguments.ts'
import type { Command, Work } from './command.ts'

type Load = Command['work']

/** Commands of one file, which is loaded by whichever of them is run. */
export function part<T>(load: () => Promise<T>): (pick: (all: T) => Work) => Load {
  return (pick) => async () => pick(await load())
}

/** One command of the table: its words, what it takes, and the rest. */
export function command(words: string, takes: string, rest: Described): Command {
  const { summary, work, options = {}, notes } = rest
  const described = { words: words.split(' '), takes, summary, options, work }
  return notes === undefined ? described : { ...described, notes }
}

interface Described {
  readonly summary: string
  readonly options?: Options
  readonly notes?: string
  readonly work: Load
}
