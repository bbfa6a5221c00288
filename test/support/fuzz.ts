import assert from 'node:assert/strict'

/** `CLOUDLET_TEST_LONG=1`: as many as a parser is to have seen, which takes some minutes. */
export const isLong = process.env['CLOUDLET_TEST_LONG'] === '1'

/** What no input takes. */
const LONGEST_MS = 1

/** A machine that does something else meanwhile is no slow input: what is slow is so each time. */
export function quick<T>(work: () => T, input: Buffer): T {
  let leastMs = Infinity
  for (let tries = 0; ; tries++) {
    const begun = performance.now()
    const found = work()
    leastMs = Math.min(leastMs, performance.now() - begun)
    if (leastMs <= LONGEST_MS) return found
    assert.ok(tries < 8, `${leastMs} ms: ${input.toString('hex')}`)
  }
}

/** What all inputs together may leave behind, to the noise of a heap. */
const LEFT_BYTES = 48 * 1024 * 1024

/** Bytes on the heap once a first tenth is over, and at the end, by their least in a while. */
export function heapWatch(inputs: number) {
  const least = [Infinity, Infinity]
  return {
    look(i: number): void {
      if (i % 1000 !== 0 || i < inputs / 10) return
      const part = i < inputs * 0.55 ? 0 : 1
      least[part] = Math.min(least[part] ?? Infinity, process.memoryUsage().heapUsed)
    },
    assertFlat(): void {
      const grown = (least[1] ?? 0) - (least[0] ?? 0)
      assert.ok(grown < LEFT_BYTES, `${grown} bytes more`)
    },
  }
}

export type Numbers = (below: number) => number

/** One of several, as the numbers have it. */
export function pick<T>(next: Numbers, all: readonly T[]): T {
  const found = all[next(all.length)]
  if (found === undefined) throw new RangeError('There is nothing to choose from')
  return found
}
