import type { Amounts } from './quota.ts'

/** What of a container can be changed while it lives. */
export interface Sizes {
  readonly cpuMilli: number
  readonly cpuShares: number
  readonly memoryBytes: number
  readonly pids: number
}

/** What the engine may still have where it differs from what is wanted; null: it is as wanted. */
export interface Held {
  readonly heldCpuMilli: number | null
  readonly heldCpuShares: number | null
  readonly heldMemoryBytes: number | null
  readonly heldPids: number | null
}

type Row = Sizes & Held

export const isResizing = ({ heldMemoryBytes }: Held): boolean => heldMemoryBytes !== null

export const NOTHING_HELD = {
  heldCpuMilli: null,
  heldCpuShares: null,
  heldMemoryBytes: null,
  heldPids: null,
} as const satisfies Held

export const sizesOf = ({ cpuMilli, cpuShares, memoryBytes, pids }: Sizes): Sizes => ({
  cpuMilli,
  cpuShares,
  memoryBytes,
  pids,
})

export const sameSizes = (one: Sizes, other: Sizes): boolean =>
  one.cpuMilli === other.cpuMilli &&
  one.cpuShares === other.cpuShares &&
  one.memoryBytes === other.memoryBytes &&
  one.pids === other.pids

/**
 * The most of each kind that the engine may have of a container: what is wanted, or what it was given
 * before that. So much is reserved, so that growing takes its part at once, and shrinking gives nothing
 * back before the engine has been seen to take it.
 */
export const largestOf = (row: Row): Sizes => ({
  cpuMilli: Math.max(row.cpuMilli, row.heldCpuMilli ?? 0),
  cpuShares: Math.max(row.cpuShares, row.heldCpuShares ?? 0),
  memoryBytes: Math.max(row.memoryBytes, row.heldMemoryBytes ?? 0),
  pids: Math.max(row.pids, row.heldPids ?? 0),
})

/** What it had, as far as is known, before the limits that are wanted were asked for. */
export const heldOf = (row: Row): Sizes => ({
  cpuMilli: row.heldCpuMilli ?? row.cpuMilli,
  cpuShares: row.heldCpuShares ?? row.cpuShares,
  memoryBytes: row.heldMemoryBytes ?? row.memoryBytes,
  pids: row.heldPids ?? row.pids,
})

export interface Resize {
  readonly change: Row
  /** What it takes of the quota beyond what is reserved; nothing where it only shrinks. */
  readonly further: Amounts
}

/** What to write of a container that is to have other sizes, and what more it needs. */
export function resized(row: Row, wanted: Sizes): Resize {
  const had = largestOf(row)
  return {
    change: {
      ...sizesOf(wanted),
      heldCpuMilli: had.cpuMilli,
      heldCpuShares: had.cpuShares,
      heldMemoryBytes: had.memoryBytes,
      heldPids: had.pids,
    },
    further: {
      cpuMilli: Math.max(0, wanted.cpuMilli - had.cpuMilli),
      memoryBytes: Math.max(0, wanted.memoryBytes - had.memoryBytes),
      pids: Math.max(0, wanted.pids - had.pids),
    },
  }
}
