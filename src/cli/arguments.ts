import { parseArgs } from 'node:util'
import { usageError } from './exit.ts'
import { didYouMean } from './suggestion.ts'

export interface Option {
  readonly type: 'boolean' | 'string'
  readonly short?: string
  readonly multiple?: boolean
  /** How the value is called in the help: `--tail <lines>`. */
  readonly value?: string
  readonly summary: string
}
export type Options = Readonly<Record<string, Option>>

export const GLOBAL_OPTIONS = {
  profile: { type: 'string', value: 'name', summary: 'Use this profile' },
  endpoint: { type: 'string', value: 'url', summary: 'Talk to the platform there' },
  tenant: { type: 'string', value: 'slug', summary: 'Act on this tenant' },
  json: { type: 'boolean', summary: 'Print one JSON document, for programs' },
  verbose: { type: 'boolean', summary: 'Say more about errors' },
  help: { type: 'boolean', short: 'h', summary: 'Show the help of the command' },
} as const satisfies Options

/** What was typed after the words of a command. */
export class Given {
  readonly positionals: readonly string[]
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>, positionals: readonly string[]) {
    this.#values = values
    this.positionals = positionals
  }

  /** The last one counts, so that an alias can be overridden. */
  text(option: string): string | null {
    return this.#values.get(option)?.at(-1) ?? null
  }

  list(option: string): readonly string[] {
    return this.#values.get(option) ?? []
  }

  has(option: string): boolean {
    return this.text(option) === 'true'
  }

  /** A switch that can also be turned off: null when it was not named. */
  switched(option: string): boolean | null {
    const text = this.text(option)
    return text === null ? null : text === 'true'
  }

  /** A positional that the command's own description promises. */
  word(index: number): string {
    return this.positionals[index] ?? ''
  }
}

/** Reads options and positionals; what the command does not know is refused, with the nearest that it does. */
export function givenFrom(argv: readonly string[], options: Options): Given {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [
      name,
      { type, multiple: true, ...(short === undefined ? {} : { short }) },
    ]),
  )
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, readonly string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const [name, value] = valueOf(token, options)
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return new Given(values, positionals)
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

function valueOf(token: OptionToken, options: Options): readonly [string, string] {
  const { name, rawName, value, inlineValue } = token
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  const positive = name.startsWith('no-') ? name.slice(3) : ''
  if (option === undefined && Object.hasOwn(options, positive)) {
    if (options[positive]?.type === 'boolean' && value === undefined) return [positive, 'false']
  }
  if (option === undefined) {
    const known = Object.keys(options).map((one) => `--${one}`)
    throw usageError(`Unknown option "${rawName}"${didYouMean(rawName, known)}`)
  }
  if (option.type === 'string') {
    if (value === undefined) throw usageError(`Option "${rawName}" needs a value`)
    if (inlineValue === false && /^-./.test(value)) {
      throw usageError(
        `Option "${rawName}" needs a value`,
        `If it is "${value}": --${name}=${value}`,
      )
    }
    return [name, value]
  }
  if (value === undefined || value === 'true' || value === 'false') return [name, value ?? 'true']
  throw usageError(`Option "${rawName}" takes no value but true and false`)
}
