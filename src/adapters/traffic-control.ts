import { burstBytes, type Shape } from '../core/bandwidth.ts'
import { ShaperError, type Shaper } from '../ports/shaper.ts'
import { runProgram, type Ended, type RunProgram } from './host-program.ts'

/** Longer than this nothing waits for its turn: beyond it packets are dropped, and senders slow down. */
const QUEUE_MS = 100
const BITS = 8

/**
 * Limits by tc(8): what a container receives waits in a token bucket on the host's end of each of its cables; what it
 * sends is led through one device of its own (ifb, "intermediate functional block"), with a bucket for all of them.
 */
export function trafficControl(prefix: string, run: RunProgram = runProgram): Shaper {
  const { must, may } = callsOf(run)
  let asserted: ReadonlyMap<string, string> | undefined

  async function make(shape: Shape, signal: AbortSignal): Promise<void> {
    const { cables, funnel, ingress, egress } = shape
    await may(
      cables.flatMap((cable) => cleared(cable, ingress === null)),
      signal,
    )
    if (egress === null) await run(['ip', 'link', 'delete', funnel], '', signal)
    else {
      await run(['ip', 'link', 'add', funnel, 'type', 'ifb'], '', signal)
      await must(['ip', 'link', 'set', funnel, 'up'], '', signal)
    }
    const lines = [
      ...(ingress === null ? [] : cables.map((cable) => bucket(cable, ingress))),
      ...(egress === null ? [] : [bucket(funnel, egress)]),
      ...(egress === null ? [] : cables.flatMap((cable) => led(cable, funnel))),
    ]
    await must(['tc', '-batch', '-'], lines.join('\n'), signal)
  }

  async function funnels(signal: AbortSignal): Promise<string[]> {
    const listed = await must(['ip', '-j', 'link', 'show', 'type', 'ifb'], '', signal)
    return objectsIn(listed)
      .flatMap(({ ifname }) => (typeof ifname === 'string' ? [ifname] : []))
      .filter((name) => name.startsWith(prefix))
  }

  return {
    async assert({ shapes, free }, isThorough, signal) {
      const wanted = new Map(shapes.map((shape) => [shape.funnel, JSON.stringify(shape)]))
      if (!isThorough && asserted === undefined && shapes.length === 0) return
      const before = asserted ?? new Map<string, string>()
      const there = isThorough ? await seen(run, signal) : undefined
      asserted = undefined
      const due = shapes.filter(
        (shape) =>
          before.get(shape.funnel) !== wanted.get(shape.funnel) ||
          (there !== undefined && !isThere(shape, there)),
      )
      for (const shape of due) await make(shape, signal)
      const over = there ? await funnels(signal) : [...before.keys()]
      for (const name of over.filter((one) => !wanted.has(one))) {
        await run(['ip', 'link', 'delete', name], '', signal)
      }
      const limited = free.filter((cable) => there?.has(cable) ?? isIn(before, cable))
      if (limited.length > 0) {
        await may(
          limited.flatMap((cable) => cleared(cable, true)),
          signal,
        )
      }
      asserted = wanted
    },

    async remove(signal) {
      asserted = undefined
      for (const name of await funnels(signal)) {
        await run(['ip', 'link', 'delete', name], '', signal)
      }
    },
  }
}

const callsOf = (run: RunProgram) => ({
  must: async (words: readonly string[], script: string, signal: AbortSignal): Promise<string> => {
    const { code, said, complained } = await run(words, script, signal)
    if (code !== 0) throw new ShaperError(`${words.join(' ')}: ${complained.trim()}`)
    return said
  },

  /** What is not there cannot be deleted, which is as well. */
  may: (lines: readonly string[], signal: AbortSignal): Promise<Ended> =>
    run(['tc', '-force', '-batch', '-'], lines.join('\n'), signal),
})

const isIn = (before: ReadonlyMap<string, string>, cable: string): boolean =>
  [...before.values()].some((text) => text.includes(`"${cable}"`))

const bucket = (device: string, bits: number): string =>
  `qdisc replace dev ${device} root tbf rate ${bits}bit burst ${burstBytes(bits)}b latency ${QUEUE_MS}ms`

const led = (cable: string, funnel: string): string[] => [
  `qdisc add dev ${cable} handle ffff: ingress`,
  `filter add dev ${cable} parent ffff: protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ${funnel}`,
]

const cleared = (cable: string, isAll: boolean): string[] => [
  `qdisc del dev ${cable} ingress`,
  ...(isAll ? [`qdisc del dev ${cable} root`] : []),
]

/** By device: bits a second of its bucket, null without one, and whether what comes in is led elsewhere. */
type Seen = ReadonlyMap<string, { readonly bits: number | null; readonly isLed: boolean }>

async function seen(run: RunProgram, signal: AbortSignal): Promise<Seen> {
  const { code, said, complained } = await run(['tc', '-j', 'qdisc', 'show'], '', signal)
  if (code !== 0) throw new ShaperError(`tc qdisc show: ${complained.trim()}`)
  const found = new Map<string, { bits: number | null; isLed: boolean }>()
  for (const { kind, dev, options } of objectsIn(said)) {
    if (typeof dev !== 'string' || (kind !== 'tbf' && kind !== 'ingress')) continue
    const at = found.get(dev) ?? { bits: null, isLed: false }
    const bits = kind === 'tbf' ? rateIn(options) : at.bits
    found.set(dev, { bits, isLed: at.isLed || kind === 'ingress' })
  }
  return found
}

function isThere({ cables, funnel, ingress, egress }: Shape, there: Seen): boolean {
  if ((there.get(funnel)?.bits ?? null) !== egress) return false
  return cables.every((cable) => {
    const at = there.get(cable) ?? { bits: null, isLed: false }
    return at.bits === ingress && at.isLed === (egress !== null)
  })
}

/** tc prints bytes a second. */
const rateIn = (options: unknown): number | null =>
  typeof options === 'object' &&
  options !== null &&
  'rate' in options &&
  typeof options.rate === 'number'
    ? options.rate * BITS
    : null

type Listed = Readonly<Record<string, unknown>>

const isListed = (one: unknown): one is Listed => typeof one === 'object' && one !== null

function objectsIn(text: string): Listed[] {
  const all: unknown = JSON.parse(text === '' ? '[]' : text)
  return Array.isArray(all) ? all.filter(isListed) : []
}
