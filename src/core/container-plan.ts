import type { EffectiveDesired } from './effective-desired.ts'

/**
 * What to do next for one container, decided from its row and from what the engine shows: the heart of
 * the reconciler, without a hand on anything. Each step may be repeated; after each the world is looked
 * at again.
 */
export interface ContainerIntent {
  readonly desired: EffectiveDesired
  /** Its row says what keeps it from running now. */
  readonly saysHold: boolean
  readonly state: ContainerState
  /** The run that is wanted, and the last one that was begun. Equal: nothing new to start. */
  readonly run: number
  readonly startedRun: number
  readonly startingAt: number | null
  readonly retryAt: number | null
  readonly hasImage: boolean
  /** It is to have other limits than the engine may have. */
  readonly isResizing: boolean
  /** It is to be in other networks than the engine may have it in. */
  readonly isJoining: boolean
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
  readonly status: 'created' | 'running' | 'paused' | 'exited' | 'other'
  /** Another hand has renamed it, or put another in its place. */
  readonly wrong: 'name' | 'spec' | null
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
  /** Another hand has renamed it, or paused it. */
  | { readonly do: 'rename' }
  | { readonly do: 'unpause' }
  /** It is not what it was made from: remove it; the next step makes it anew. */
  | { readonly do: 'replace' }
  /** Give it the limits that are wanted now. */
  | { readonly do: 'resize' }
  /** Have it in the networks that are wanted now. */
  | { readonly do: 'join' }
  | { readonly do: 'note-running' }
  | { readonly do: 'note-exit' }
  /** Back-off is over: a new run. */
  | { readonly do: 'next-run' }
  | { readonly do: 'stop' }
  | { readonly do: 'note-stopped' }
  /** It is to run and may not for now: write down that it is stopped for that, then stop it. */
  | { readonly do: 'hold' }
  | { readonly do: 'note-held' }
  /** It may run again: a new run of what was stopped for that. */
  | { readonly do: 'resume' }
  | { readonly do: 'remove' }
  | { readonly do: 'release' }

const LOOK_AGAIN_MS = 1000
const NOTHING: Step = { do: 'nothing' }
const BEING_MADE: ReadonlySet<ContainerState> = new Set(['pending', 'pulling', 'creating'])
const RESTING: ReadonlySet<ContainerState> = new Set(['stopped', 'failed'])
/** No process, and none to come by itself. */
const OVER: ReadonlySet<ContainerState> = new Set(['stopped', 'exited', 'failed'])
/** One that is to run is so only where it was kept from it: a stop that is asked for is not to run. */
const HELD: ReadonlySet<ContainerState> = new Set(['stopping', 'stopped'])

export function nextStep(row: ContainerIntent, seen: Observed | undefined, nowMs: number): Step {
  if (row.desired === 'absent') return { do: seen ? 'remove' : 'release' }
  if (seen?.wrong === 'name') return { do: 'rename' }
  if (seen?.status === 'paused') return { do: 'unpause' }
  if (row.isResizing && seen && seen.status !== 'other') return { do: 'resize' }
  if (row.isJoining && seen && seen.status !== 'other') return { do: 'join' }
  const step = stepTo(row, seen, nowMs)
  if (!(row.isResizing || row.isJoining) || step.do !== 'nothing') return step
  if (seen) return { do: 'wait', untilMs: nowMs + LOOK_AGAIN_MS }
  // Nothing is there and nothing will be made: what is wanted is all there is.
  return { do: row.isResizing ? 'resize' : 'join' }
}

function stepTo(row: ContainerIntent, seen: Observed | undefined, nowMs: number): Step {
  if (row.desired === 'held') return stepToHeld(row, seen)
  return row.desired === 'stopped' ? stepToStopped(row, seen) : stepToRunning(row, seen, nowMs)
}

/** What has ended by itself stays as it is, so that the end of the hold does not run a job twice. */
function stepToHeld(row: ContainerIntent, seen: Observed | undefined): Step {
  if (seen?.status === 'running') return { do: 'hold' }
  // Of two holds one may have ended: what it says is then the other.
  if (row.state === 'stopped') return row.saysHold ? NOTHING : { do: 'note-held' }
  if (OVER.has(row.state)) return NOTHING
  if (row.state === 'running' && seen?.status === 'exited') return { do: 'note-exit' }
  return { do: 'note-held' }
}

function stepToStopped(row: ContainerIntent, seen: Observed | undefined): Step {
  if (seen?.status === 'running') return { do: 'stop' }
  // One that is created stopped is made all the same, so that a start later cannot lack its image.
  if (!seen && BEING_MADE.has(row.state)) return { do: row.hasImage ? 'create' : 'resolve-image' }
  return RESTING.has(row.state) ? NOTHING : { do: 'note-stopped' }
}

function stepToRunning(row: ContainerIntent, seen: Observed | undefined, nowMs: number): Step {
  // A stop that was begun comes to its end, or the end of the process would look like its own.
  if (HELD.has(row.state)) return { do: seen?.status === 'running' ? 'stop' : 'resume' }
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
  if (seen.wrong === 'spec') return { do: 'replace' }
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

const LONGEST_BACKOFF_MS = 5 * 60_000
/** Restarts wait longer each time: 1 s, 2 s, 4 s … at most five minutes. */
export const backoffMs = (restarts: number): number =>
  Math.min(LONGEST_BACKOFF_MS, 1000 * 2 ** Math.min(restarts, 9))

/** A run of this length counts as a success: the next failure begins with a short wait again. */
export const STEADY_RUN_MS = 60_000

/** One that has been started anew so often in a row, and has ended soon each time, is in a loop. */
const CRASH_LOOP_RESTARTS = 3
export const CRASH_LOOPING = 'crash-looping'

/** As it is shown: the wait between two runs of one that goes round in a loop has a name of its own. */
export const shownState = ({
  state,
  reasonCode,
}: {
  readonly state: ContainerState
  readonly reasonCode: string | null
}): ShownState => (state === 'restarting' && reasonCode === CRASH_LOOPING ? CRASH_LOOPING : state)
export type ShownState = ContainerState | typeof CRASH_LOOPING

export interface RestartPolicy {
  readonly restart: 'no' | 'on-failure' | 'always'
  readonly maxRestarts?: number
}

export interface Exit {
  readonly exitCode: number | null
  readonly ranMs: number
  /** How often in a row it had been started anew before this run ended. */
  readonly restarts: number
}

/** What follows when a process has ended by itself. */
export function afterExit({ restart, maxRestarts }: RestartPolicy, exit: Exit) {
  const restarts = exit.ranMs >= STEADY_RUN_MS ? 0 : exit.restarts
  const wished = restart === 'always' || (restart === 'on-failure' && exit.exitCode !== 0)
  if (!wished) return { next: 'rest', restarts } as const
  if (maxRestarts !== undefined && restarts >= maxRestarts) {
    return { next: 'give-up', restarts } as const
  }
  const isLooping = restarts >= CRASH_LOOP_RESTARTS
  return { next: 'again', restarts, isLooping, waitMs: backoffMs(restarts) } as const
}
