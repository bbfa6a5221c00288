/**
 * What to do next for one container, decided from its row and from what the engine shows: the heart of
 * the reconciler, without a hand on anything. Each step may be repeated; after each the world is looked
 * at again.
 */
export interface ContainerIntent {
  readonly desired: 'running' | 'stopped' | 'absent'
  readonly state: ContainerState
  /** The run that is wanted, and the last one that was begun. Equal: nothing new to start. */
  readonly run: number
  readonly startedRun: number
  readonly startingAt: number | null
  readonly retryAt: number | null
  readonly hasImage: boolean
}

export type ContainerState =
  | 'pending'
  | 'pulling'
  | 'creating'
  | 'starting'
  | 'running'
  | 'restarting'
  | 'stopping'
  | 'stopped'
  | 'exited'
  | 'failed'
  | 'deleting'

export interface Observed {
  readonly status: 'created' | 'running' | 'exited' | 'other'
  /** When the process was last started; null: never, or not yet asked. */
  readonly startedAt: number | null
}

export type Step =
  /** As desired. */
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly untilMs: number }
  /** Find the image, pulling it if need be. */
  | { readonly do: 'resolve-image' }
  | { readonly do: 'create' }
  /** Write down that this run begins, then start it. */
  | { readonly do: 'begin-run' }
  /** The run is written down, but the process has not been started: start it. */
  | { readonly do: 'start' }
  | { readonly do: 'note-running' }
  | { readonly do: 'note-exit' }
  /** Back-off is over: a new run. */
  | { readonly do: 'next-run' }
  | { readonly do: 'stop' }
  | { readonly do: 'note-stopped' }
  | { readonly do: 'remove' }
  | { readonly do: 'release' }

const LOOK_AGAIN_MS = 1000
const NOTHING: Step = { do: 'nothing' }
const BEING_MADE: ReadonlySet<ContainerState> = new Set(['pending', 'pulling', 'creating'])
const RESTING: ReadonlySet<ContainerState> = new Set(['stopped', 'failed'])

export function nextStep(row: ContainerIntent, seen: Observed | undefined, nowMs: number): Step {
  if (row.desired === 'absent') return { do: seen ? 'remove' : 'release' }
  if (row.desired === 'stopped') return stepToStopped(row, seen)
  return stepToRunning(row, seen, nowMs)
}

function stepToStopped(row: ContainerIntent, seen: Observed | undefined): Step {
  if (seen?.status === 'running') return { do: 'stop' }
  // One that is created stopped is made all the same, so that a start later cannot lack its image.
  if (!seen && BEING_MADE.has(row.state)) return { do: row.hasImage ? 'create' : 'resolve-image' }
  return RESTING.has(row.state) ? NOTHING : { do: 'note-stopped' }
}

function stepToRunning(row: ContainerIntent, seen: Observed | undefined, nowMs: number): Step {
  if (row.state === 'restarting') {
    const dueMs = row.retryAt ?? 0
    return dueMs > nowMs ? { do: 'wait', untilMs: dueMs } : { do: 'next-run' }
  }
  // It has ended, and its policy says to leave it so; or it failed for good. A new run undoes both.
  const over = row.state === 'exited' || row.state === 'failed'
  if (over && row.startedRun >= row.run) return NOTHING
  if (!row.hasImage) return { do: 'resolve-image' }
  if (!seen) return { do: 'create' }
  // It is on its way out by another hand's word: until it is gone nothing can be done with it.
  if (seen.status === 'other') return { do: 'wait', untilMs: nowMs + LOOK_AGAIN_MS }
  if (row.startedRun < row.run)
    return seen.status === 'running' ? { do: 'stop' } : { do: 'begin-run' }
  if (seen.status === 'running') {
    return row.state === 'running' ? NOTHING : { do: 'note-running' }
  }
  return neverBegan(row, seen) ? { do: 'start' } : { do: 'note-exit' }
}

/** True where a crash came between writing the run down and starting it. */
function neverBegan(row: ContainerIntent, seen: Observed): boolean {
  if (seen.status === 'created' || seen.startedAt === null) return true
  return row.state === 'starting' && seen.startedAt < (row.startingAt ?? 0)
}

/** Restarts wait longer each time: 1 s, 2 s, 4 s … at most a minute. */
export const backoffMs = (restarts: number): number =>
  Math.min(60_000, 1000 * 2 ** Math.min(restarts, 6))

/** A run of this length counts as a success: the next failure begins with a short wait again. */
export const STEADY_RUN_MS = 60_000
