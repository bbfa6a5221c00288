import type { Sizes } from '../core/resize.ts'
import type { Given } from './arguments.ts'
import { bytesOf, cpuMilliOf, wholeOf } from './units.ts'

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
