import type { Call } from '../client/request.ts'
import { ENDPOINTS } from '../contract/all.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import { fieldsOf as shownBy } from '../contract/fields.ts'
import { type Given, type Option, type Options } from './arguments.ts'
import type { Command } from './command.ts'
import { usageError } from './exit.ts'
import { type Field, fieldsOf, valuesOf } from './fields.ts'

/** A command of every endpoint, read from the contract: `cloudlet containers create demo --name …`. */
export const endpointCommands = (): readonly Command[] => ENDPOINTS.map(commandFor)

/** Path parameters are positional, every other field a flag. */
function commandFor(endpoint: Endpoint): Command {
  const names = pathNames(endpoint)
  const takes = names
    .map((name) => (name === 'tenant' && mayLeaveOut(endpoint) ? '[tenant]' : `<${name}>`))
    .join(' ')
  return {
    words: endpoint.id.split('.'),
    takes,
    summary: endpoint.summary,
    options: {
      ...optionsOf([...fieldsOf(endpoint.query), ...fieldsOf(endpoint.body)]),
      ...partOption(endpoint),
    },
    notes: `${endpoint.method.toUpperCase()} ${endpoint.path}`,
    work: async () => {
      const { answerOf } = await import('./endpoint-answer.ts')
      return (context, given) =>
        answerOf(context, endpoint, () => callOf(endpoint, given, () => context.tenant()))
    },
  }
}

/** The tenant may be left to the profile, but not where it is the tenant itself that is changed. */
const mayLeaveOut = ({ platform }: Endpoint): boolean => platform !== true

const pathNames = ({ path }: Endpoint): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

/** What to send. The server validates it; this only turns words into JSON. */
async function callOf(
  endpoint: Endpoint,
  given: Given,
  tenant: () => Promise<string>,
): Promise<Call> {
  const names = pathNames(endpoint)
  const isTenantLeftOut =
    mayLeaveOut(endpoint) && names[0] === 'tenant' && given.positionals.length === names.length - 1
  const values = isTenantLeftOut ? [await tenant(), ...given.positionals] : given.positionals
  const missing = names[values.length]
  if (missing !== undefined) throw usageError(`Missing <${missing}>`)
  return {
    params: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
    query: { ...valuesOf(fieldsOf(endpoint.query), given), ...partOf(endpoint, given) },
    body: valuesOf(fieldsOf(endpoint.body), given),
  }
}

/** Of what is shown, a part can be asked for. */
function partOption(endpoint: Endpoint): Options {
  const names = shownBy(endpoint)
  if (names.length === 0) return {}
  const summary = `Only these of ${names.join(', ')}`
  return { fields: { type: 'string', value: 'name,…', summary } }
}

function partOf(endpoint: Endpoint, given: Given): { readonly fields?: string } {
  const fields = shownBy(endpoint).length === 0 ? null : given.text('fields')
  return fields === null ? {} : { fields }
}

function optionsOf(fields: readonly Field[]): Options {
  return Object.fromEntries(fields.map((field) => [field.option, optionOf(field)]))
}

function optionOf({ kind, summary }: Field): Option {
  if (kind === 'boolean') return { type: 'boolean', summary }
  const isMany = kind === 'list' || kind === 'pairs'
  return { type: 'string', value: VALUES[kind], summary, ...(isMany && { multiple: true }) }
}

const VALUES = { json: 'json', list: 'value', number: 'number', pairs: 'key=value', text: 'text' }
