import { usageError } from './exit.ts'
import type { Input } from './world.ts'

const LIMIT_CHARS = 16_384

/** A secret, typed without echo or piped in: never an argument, which every user of the machine can see. */
export async function secretFrom(stdin: Input, question: string): Promise<string> {
  const text = stdin.isTty
    ? await stdin.ask(question, { echo: false })
    : await stdin.all(LIMIT_CHARS)
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw usageError('Cannot go on without a secret: nothing was given')
  return secret
}
