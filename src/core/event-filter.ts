import { EVENT_LEVELS, type EventLevel } from './event.ts'

/** Which events a reader asks for; what is not said, all of them fulfil. */
export interface EventFilter {
  /** The least level. */
  readonly level?: EventLevel | undefined
  /** Beginning of the action, e.g. `container.`. */
  readonly action?: string | undefined
  /** Name or id of what the event is about. */
  readonly target?: string | undefined
}

export interface Filtered {
  readonly level: EventLevel
  readonly action: string
  readonly target: { readonly id: string; readonly name: string }
}

/** The same question is asked of the table (`db/queries/events.ts`). */
export function isWanted(event: Filtered, { level, action, target }: EventFilter): boolean {
  if (level !== undefined && !levelsFrom(level).includes(event.level)) return false
  if (action !== undefined && !event.action.startsWith(action)) return false
  return target === undefined || event.target.name === target || event.target.id === target
}

/** That level and those above it. */
export const levelsFrom = (least: EventLevel): EventLevel[] =>
  EVENT_LEVELS.slice(EVENT_LEVELS.indexOf(least))
