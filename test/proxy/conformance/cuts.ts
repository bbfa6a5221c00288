import type { Split } from './pieces.ts'

/** `CLOUDLET_TEST_SEED` moves the cuts; `CLOUDLET_TEST_LONG=1` cuts at every position. */
const SEED = Number(process.env['CLOUDLET_TEST_SEED'] ?? 1)
const IS_LONG = process.env['CLOUDLET_TEST_LONG'] === '1'
const CUTS = 3
/** Beyond this even a long run cuts at a few places only. */
const LONG_BYTES = 600

/** Where the bytes of a case are cut in two: the same places each time. */
export function cutsOf({ name, sent }: { name: string; sent: string }): readonly Split[] {
  if (sent.length < 2) return []
  if (IS_LONG && sent.length <= LONG_BYTES) {
    return Array.from({ length: sent.length - 1 }, (_, i) => ({ kind: 'at', position: i + 1 }))
  }
  const next = numbers(SEED * 7919 + hash(name))
  return Array.from({ length: CUTS }, () => ({ kind: 'at', position: 1 + next(sent.length - 1) }))
}

function hash(name: string): number {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003
  return sum
}

/** Numbers that look random and are the same for each seed (Park and Miller). */
export function numbers(seed: number): (below: number) => number {
  let state = (seed % 2147483646) + 1
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}
