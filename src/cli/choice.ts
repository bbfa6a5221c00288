import { usageError } from './exit.ts'
import { didYouMean } from './suggestion.ts'

/** The text as one of a closed set; null stays null. */
export function oneOf<const T extends string>(
  choices: readonly T[],
  text: string | null,
  option: string,
): T | null {
  if (text === null) return null
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  const meant = didYouMean(text, choices)
  throw usageError(`Cannot understand ${option} "${text}"${meant}`, `One of: ${choices.join(', ')}`)
}

/** `KEY=VALUE` texts as a record; the value may be empty and may hold more equals signs. */
export function pairsOf(texts: readonly string[], option: string): Record<string, string> {
  const pairs = texts.map((text): readonly [string, string] => {
    const at = text.indexOf('=')
    if (at < 1) throw usageError(`Cannot understand ${option} "${text}": it is KEY=VALUE`)
    return [text.slice(0, at), text.slice(at + 1)]
  })
  return Object.fromEntries(pairs)
}
