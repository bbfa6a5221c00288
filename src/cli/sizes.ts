import type { Bandwidth } from '../core/bandwidth.ts'
import type { Sizes } from '../core/resize.ts'
import type { Given } from './arguments.ts'
import { bitsOf, bytesOf, cpuMilliOf, wholeOf } from './units.ts'

const READ = {
  memoryBytes: ['memory', bytesOf],
  cpuMilli: ['cpu', cpuMilliOf],
  cpuShares: ['cpu-shares', wholeOf],
  pids: ['pids', wholeOf],
} as const satisfies Record<
  keyof Sizes,
  readonly [string, (text: string, option: string) => number]
>
const KEYS = ['memoryBytes', 'cpuMilli', 'cpuShares', 'pids'] as const

/** The limits of a container that were given. */
export function sizesOf(given: Given): Partial<Sizes> {
  const entries = KEYS.flatMap((key) => {
    const [option, read] = READ[key]
    const text = given.text(option)
    return text === null ? [] : [[key, read(text, `--${option}`)] as const]
  })
  return Object.fromEntries(entries)
}

/** What was given of what it may receive and send; undefined: nothing was. The whole of it is given at once. */
export function bandwidthOf(given: Given): Bandwidth | undefined {
  const read = (option: string): number | undefined => {
    const text = given.text(option)
    return text === null || text === 'none' ? undefined : bitsOf(text, `--${option}`)
  }
  if (given.text('bandwidth-in') === null && given.text('bandwidth-out') === null) return undefined
  const [ingress, egress] = [read('bandwidth-in'), read('bandwidth-out')]
  return { ...(ingress !== undefined && { ingress }), ...(egress !== undefined && { egress }) }
}
