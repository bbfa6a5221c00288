import { z } from 'zod'
import { isRecord } from '../client/api-error.ts'
import type { Given } from './arguments.ts'
import { pairsOf } from './choice.ts'
import { usageError } from './exit.ts'

/** One flag of a command that is read from the contract, and where its value goes. */
export interface Field {
  /** `health-check.path` goes to `healthCheck: { path }`. */
  readonly option: string
  readonly path: readonly string[]
  readonly kind: 'boolean' | 'json' | 'list' | 'number' | 'pairs' | 'text'
  readonly isNullable: boolean
  readonly summary: string
}

/** The flags of a part of an endpoint: objects as a whole, in JSON, and each of their fields by itself. */
export function fieldsOf(part: z.ZodObject | undefined): readonly Field[] {
  if (part === undefined) return []
  // What comes out is described, because what goes in of a coerced number or boolean is only text.
  const root: unknown = z.toJSONSchema(part, { io: 'output', unrepresentable: 'any' })
  const definitions = isRecord(root) && isRecord(root['$defs']) ? root['$defs'] : {}
  return fieldsIn(root, { path: [], definitions })
}

const DEEPEST = 2

interface Place {
  readonly path: readonly string[]
  /** What a schema with a name of its own is written as, wherever it is used. */
  readonly definitions: Readonly<Record<string, unknown>>
}

function fieldsIn(given: unknown, { path, definitions }: Place): readonly Field[] {
  const schema = followed(given, definitions)
  if (!isRecord(schema) || !isRecord(schema['properties'])) return []
  return Object.entries(schema['properties']).flatMap(([key, property]) => {
    const own = [...path, key]
    const { inner: named, isNullable } = withoutNull(followed(property, definitions))
    const inner = followed(named, definitions)
    const description = isRecord(inner) ? inner['description'] : ''
    const field: Field = {
      option: own.map(kebab).join('.'),
      path: own,
      kind: kindOf(inner),
      isNullable,
      summary: summaryOf(inner, typeof description === 'string' ? description : ''),
    }
    return [field, ...(own.length < DEEPEST ? fieldsIn(inner, { path: own, definitions }) : [])]
  })
}

/** A schema with a name is referred to by it: `#/$defs/Name`, beside what is said of this use. */
function followed(schema: unknown, definitions: Readonly<Record<string, unknown>>): unknown {
  if (!isRecord(schema) || typeof schema['$ref'] !== 'string') return schema
  const definition = definitions[schema['$ref'].replace('#/$defs/', '')]
  return isRecord(definition) ? { ...definition, ...schema } : schema
}

/** A nullable schema says so by a list of types or by a choice. */
function withoutNull(schema: unknown): { readonly inner: unknown; readonly isNullable: boolean } {
  if (!isRecord(schema)) return { inner: schema, isNullable: false }
  const { type, anyOf } = schema
  if (Array.isArray(type)) {
    const types = type.filter((one) => one !== 'null')
    return { inner: { ...schema, type: types[0] }, isNullable: types.length < type.length }
  }
  if (!Array.isArray(anyOf)) return { inner: schema, isNullable: false }
  const others = anyOf.filter((one) => !isRecord(one) || one['type'] !== 'null')
  return {
    inner: others.length === 1 ? others[0] : schema,
    isNullable: others.length < anyOf.length,
  }
}

function kindOf(schema: unknown): Field['kind'] {
  if (!isRecord(schema)) return 'text'
  const { type, items, additionalProperties } = schema
  if (type === 'boolean') return 'boolean'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'array') return isTextual(items) ? 'list' : 'json'
  if (type === 'object') return isTextual(additionalProperties) ? 'pairs' : 'json'
  return 'text'
}

const isTextual = (schema: unknown): boolean => isRecord(schema) && schema['type'] === 'string'

function summaryOf(schema: unknown, description: string): string {
  const choices = isRecord(schema) ? schema['enum'] : undefined
  const list = Array.isArray(choices) ? choices.join(', ') : ''
  return [description, list].filter((one) => one !== '').join(': ')
}

const kebab = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The values that were given, in the shape of the part. */
export function valuesOf(fields: readonly Field[], given: Given): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const field of fields) {
    if (given.text(field.option) !== null) put(values, field.path, valueOf(field, given))
  }
  return values
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    into[key] = value
    return
  }
  const inner = isRecord(into[key]) ? into[key] : {}
  into[key] = inner
  put(inner, rest, value)
}

function valueOf({ kind, option, isNullable }: Field, given: Given): unknown {
  const text = given.text(option) ?? ''
  const list = given.list(option)
  if (isNullable && text === 'null') return null
  if (kind === 'boolean') return text === 'true'
  // What is no number is sent as it is: the server's answer says what it should be.
  if (kind === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
  if (kind === 'list') return text.startsWith('[') ? json(text, option) : list
  if (kind === 'pairs')
    return text.startsWith('{') ? json(text, option) : pairsOf(list, `--${option}`)
  return kind === 'json' ? json(text, option) : text
}

function json(text: string, option: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usageError(`Cannot understand --${option}: it is not JSON`)
  }
}
