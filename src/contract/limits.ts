import { z } from 'zod'
import {
  RESERVED,
  RESOURCE_NAMES,
  RESOURCES,
  type Resource,
  type ResourceKind,
} from '../core/quota.ts'

const Amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
type Fields = Record<Resource, z.ZodNullable<typeof Amount>>

const UNITS = {
  bytes: 'in bytes',
  count: 'as a number',
  cpuMilli: 'in thousandths of a CPU',
  seconds: 'in seconds',
} as const

const described = (resource: Resource) => {
  const { label, unit, note }: ResourceKind = RESOURCES[resource]
  const words = [`Most ${label}, ${UNITS[unit]}`, 'null: without limit', ...(note ? [note] : [])]
  return Amount.nullable().describe(words.join('; '))
}

// Made of every name there is.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const fields = Object.fromEntries(
  RESOURCE_NAMES.map((resource) => [resource, described(resource)]),
) as Fields

/** By kind, all of them. `null`: without limit; 0: none. */
export const Limits = z.object(fields).meta({ id: 'Limits' })
/** Only the kinds that are to change. */
export const LimitsChange = z.strictObject(fields).partial().meta({ id: 'LimitsChange' })
export type LimitsChange = z.infer<typeof LimitsChange>

export const OverLimit = z
  .array(z.enum(RESERVED))
  .describe('Kinds of which more is reserved than the limit allows: nothing new is admitted')
