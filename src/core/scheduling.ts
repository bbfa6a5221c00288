import type { ContainerState } from './container-plan.ts'
import type { EffectiveDesired } from './effective-desired.ts'

/** What a machine takes: everything; nothing new; nothing at all, so that it can be looked after. */
export const SCHEDULINGS = ['open', 'cordoned', 'drained'] as const
export type Scheduling = (typeof SCHEDULINGS)[number]

export const NODE_VERBS = ['cordon', 'drain', 'uncordon'] as const
export type NodeVerb = (typeof NODE_VERBS)[number]

/** A drained machine takes nothing new as it is: a cordon does not bring back what runs on it. */
export function schedulingAfter(verb: NodeVerb, was: Scheduling): Scheduling {
  if (verb === 'uncordon') return 'open'
  return verb === 'drain' || was === 'drained' ? 'drained' : 'cordoned'
}

/**
 * A machine that is cordoned lets what runs on it be started anew, since it is there already. On a
 * drained one nothing starts.
 */
export const admitsStart = (scheduling: Scheduling, isThere: boolean): boolean =>
  scheduling === 'open' || (scheduling === 'cordoned' && isThere)

interface Settling {
  readonly desired: EffectiveDesired
  readonly state: ContainerState
}

const OVER: ReadonlySet<ContainerState> = new Set(['stopped', 'exited', 'failed'])
const AS_DESIRED: ReadonlySet<ContainerState> = new Set([
  'running',
  'restarting',
  'exited',
  'failed',
])

/** Whether a container has come to what its machine's state means to it. */
export function isSettled(scheduling: Scheduling, { desired, state }: Settling): boolean {
  // Held on a machine that is open: its tenant is suspended.
  if (scheduling === 'drained' || desired === 'held') return OVER.has(state)
  return desired !== 'running' || AS_DESIRED.has(state)
}

/** What an operator should know of the only machine there is. */
export const noticeOf = (scheduling: Scheduling): string | null =>
  scheduling === 'drained'
    ? 'This is the only machine: no container of any tenant runs until it is uncordoned'
    : null
