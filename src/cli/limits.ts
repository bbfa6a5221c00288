import { RESOURCE_NAMES, RESOURCES, type Resource } from '../core/quota.ts'
import type { LimitsChange } from '../contract/limits.ts'
import type { Given, Option } from './arguments.ts'
import { bytesOf, cpuMilliOf, cpuText, secondsOf, sizeText, wholeOf } from './units.ts'

/** How an amount of each unit is written and read: `8g`, `2500m`, `30d`. */
const UNITS = {
  bytes: { read: bytesOf, text: sizeText, value: 'size', example: 'e.g. 8g, ' },
  count: { read: wholeOf, text: String, value: 'number', example: '' },
  cpuMilli: { read: cpuMilliOf, text: cpuText, value: 'cpus', example: 'e.g. 4 or 2500m, ' },
  seconds: {
    read: secondsOf,
    text: (seconds: number) => `${seconds}s`,
    value: 'time',
    example: 'e.g. 30d, ',
  },
} as const

const unitOf = (resource: Resource) => UNITS[RESOURCES[resource].unit]

/** `--host-names`, as people call them. */
const optionOf = (resource: Resource): string => RESOURCES[resource].label.replaceAll(' ', '-')

/** An option for every kind that can be limited. */
export const LIMIT_OPTIONS: Readonly<Record<string, Option>> = Object.fromEntries(
  RESOURCE_NAMES.map((resource) => {
    const { value, example } = unitOf(resource)
    const summary = `Most ${RESOURCES[resource].label}, ${example}or "none" for no limit`
    return [optionOf(resource), { type: 'string', value, summary }]
  }),
)

/** Those that were given; `none` takes a limit away. */
export function limitsOf(given: Given): LimitsChange {
  const limits: LimitsChange = {}
  for (const resource of RESOURCE_NAMES) {
    const option = optionOf(resource)
    const text = given.text(option)
    if (text === null) continue
    limits[resource] = text === 'none' ? null : unitOf(resource).read(text, `--${option}`)
  }
  return limits
}

export const amountText = (resource: Resource, amount: number | null): string =>
  amount === null ? 'none' : unitOf(resource).text(amount)
