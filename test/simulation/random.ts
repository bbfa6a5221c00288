/** Chance from a seed (mulberry32): the same seed is the same life, on every machine. */
export function randomFrom(seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    /** From 0 to `below`, which is never reached. */
    below: (below: number): number => Math.floor(next() * below),
    happens: (probability: number): boolean => next() < probability,
    /** Undefined where there is nothing to choose from. */
    oneOf: <T>(choices: readonly T[]): T | undefined =>
      choices[Math.floor(next() * choices.length)],
    /** Answers one of the keys, each as often as its weight says. */
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      // Object.keys knows nothing of the keys' type.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const keys = Object.keys(weights) as K[]
      let left = next() * keys.reduce((total, key) => total + weights[key], 0)
      const last = keys.at(-1)
      for (const key of keys) {
        left -= weights[key]
        if (left < 0) return key
      }
      if (last === undefined) throw new Error('There is nothing to choose from')
      return last
    },
  }
}
export type Random = ReturnType<typeof randomFrom>
