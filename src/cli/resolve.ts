import { GLOBAL_OPTIONS } from './arguments.ts'
import { arity, type Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { usageError } from './exit.ts'
import { didYouMean } from './suggestion.ts'

export interface Resolved {
  readonly command: Command
  /** What was typed, without the words of the command. */
  readonly rest: readonly string[]
}

/**
 * Finds the command that was meant: the longest one written by hand, else the endpoint of the same
 * name. The contract is loaded only when no command written by hand fits.
 */
export async function resolved(argv: readonly string[]): Promise<Resolved> {
  const words = leadingWords(argv)
  const typed = words.map(({ word }) => word)
  const [first, second] = typed
  if (first === undefined) {
    const isVersion = argv.includes('--version')
    return {
      command: known(isVersion ? ['version'] : ['help']),
      rest: without(argv, [], isVersion),
    }
  }
  const double = COMMANDS.find(
    ({ words: own }) => own.length === 2 && own.join(' ') === typed.join(' '),
  )
  if (double !== undefined) return { command: double, rest: without(argv, words) }
  const single = COMMANDS.find(({ words: own }) => own.length === 1 && own[0] === first)
  const isEnough = single !== undefined && (second === undefined || arity(single.takes).most > 0)
  if (isEnough) return { command: single, rest: without(argv, words.slice(0, 1)) }

  const { endpointCommands } = await import('./endpoint-commands.ts')
  const all = [...COMMANDS, ...endpointCommands()]
  const exact = all.find(({ words: own }) => own.length === 2 && own.join(' ') === typed.join(' '))
  if (exact !== undefined) return { command: exact, rest: without(argv, words) }
  const isGroup = all.some(({ words: own }) => own.length === 2 && own[0] === first)
  // A word too many, for which the command itself has the better answer.
  if (single !== undefined && !isGroup) {
    return { command: single, rest: without(argv, words.slice(0, 1)) }
  }
  throw unknown(typed, all)
}

function known(words: readonly string[]): Command {
  const found = COMMANDS.find((command) => command.words.join(' ') === words.join(' '))
  if (found === undefined) throw new Error(`There is no command "${words.join(' ')}"`)
  return found
}

function unknown([first = '', second]: readonly string[], all: readonly Command[]): Error {
  const verbs = all.filter(({ words }) => words[0] === first).flatMap(({ words }) => words.slice(1))
  const isGroup = all.some(({ words }) => words[0] === first)
  if (!isGroup) {
    const firsts = [...new Set(all.map(({ words }) => words[0] ?? ''))]
    const message = `There is no command "${first}"${didYouMean(first, firsts)}`
    return usageError(message, 'All commands: cloudlet help')
  }
  const list = `"${first}" goes with: ${[...new Set(verbs)].join(', ')}`
  if (second === undefined) return usageError(`Command "${first}" needs one more word`, list)
  return usageError(`There is no command "${first} ${second}"${didYouMean(second, verbs)}`, list)
}

interface Word {
  readonly word: string
  readonly index: number
}

/** At most two words; only options of every command may stand before and between them. */
function leadingWords(argv: readonly string[]): readonly Word[] {
  const words: Word[] = []
  for (let index = 0; index < argv.length && words.length < 2; index++) {
    const word = argv[index] ?? ''
    const option = globalOption(word)
    if (option === null && word.startsWith('-')) break
    if (option === null) words.push({ word, index })
    else if (option.type === 'string' && !word.includes('=')) index++
  }
  return words
}

function globalOption(word: string) {
  const name = /^--([a-z-]+)(=|$)/.exec(word)?.[1]
  if (word === '-h') return GLOBAL_OPTIONS.help
  return Object.entries(GLOBAL_OPTIONS).find(([key]) => key === name)?.[1] ?? null
}

function without(argv: readonly string[], words: readonly Word[], isVersion = false): string[] {
  return argv.filter(
    (word, index) =>
      !words.some((one) => one.index === index) && !(isVersion && word === '--version'),
  )
}
