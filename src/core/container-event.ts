import { CRASH_LOOPING } from './container-plan.ts'
import { isHold } from './effective-desired.ts'
import type { EventLevel, NewEvent } from './event.ts'
import { sizesOf, type Sizes } from './resize.ts'

/** What of a row, as it is after a change, an event can tell. */
export interface Told {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly state: string
  readonly startedRun: number
  readonly restarts: number
  readonly exitCode: number | null
  readonly reasonCode: string | null
  readonly reasonMessage: string | null
}

interface Word {
  readonly verb: string
  readonly level: EventLevel
  readonly says: string
}

/** What is worth telling of a new state. The states between are told by the operation's progress. */
const WORDS: Readonly<Record<string, Word>> = {
  starting: { verb: 'started', level: 'info', says: 'was started' },
  running: { verb: 'running', level: 'info', says: 'is running' },
  restarting: { verb: 'exited', level: 'warning', says: 'ended by itself, and starts again' },
  exited: { verb: 'exited', level: 'info', says: 'ended by itself' },
  stopped: { verb: 'stopped', level: 'info', says: 'was stopped' },
  failed: { verb: 'failed', level: 'error', says: 'cannot run' },
}

/** States that are reached for a reason, which the row names. */
const REASONED: ReadonlySet<string> = new Set(['restarting', 'exited', 'failed'])

/** The event of a row that was changed; none where there is nothing to tell. */
export function containerEvent(before: Told, after: Told): NewEvent | undefined {
  const turn = loopEvent(before, after)
  if (turn) return turn
  const word = WORDS[after.state]
  if (!word || !isNews(before, after)) return undefined
  const isReasoned = REASONED.has(after.state) || isHold(after.reasonCode)
  const reason = isReasoned && after.reasonMessage !== null ? `: ${after.reasonMessage}` : ''
  const { exitCode, reasonCode, restarts, startedRun: run } = after
  return {
    ...of(after),
    action: `container.${word.verb}`,
    level: after.state === 'exited' && exitCode !== 0 ? 'warning' : word.level,
    message: `Container "${after.name}" ${word.says}${reason}`,
    details: isReasoned ? { run, restarts, exitCode, reason: reasonCode } : { run },
  }
}

/** Of one that is in other networks than before. */
export const containerMoved = (row: Told): NewEvent => ({
  ...of(row),
  action: 'container.moved',
  level: 'info',
  message: `Container "${row.name}" is in the networks that were asked for`,
})

/** Of a container that has begun to go round in a crash loop, or that has come out of one. */
function loopEvent(before: Told, after: Told): NewEvent | undefined {
  const [was, is] = [before, after].map(({ reasonCode }) => reasonCode === CRASH_LOOPING)
  if (was === is) return undefined
  const { restarts, exitCode, startedRun: run, name } = after
  if (is) {
    const message = `Container "${name}" is crash-looping: ${after.reasonMessage ?? ''}`
    const details = { run, restarts, exitCode }
    return { ...of(after), action: 'container.crash-looping', level: 'error', message, details }
  }
  if (after.state !== 'running') return undefined
  const message = `Container "${name}" stays up again`
  return {
    ...of(after),
    action: 'container.recovered',
    level: 'info',
    message,
    details: { run },
  }
}

function isNews(before: Told, after: Told): boolean {
  // An intent to start has that state already; the start itself is the run that is begun.
  if (after.state === 'starting') return after.startedRun !== before.startedRun
  // One that was made to be stopped has never run.
  if (after.state === 'stopped' && after.startedRun === 0) return false
  return after.state !== before.state
}

export const containerCreated = (row: Told): NewEvent => ({
  ...of(row),
  action: 'container.created',
  level: 'info',
  message: `Container "${row.name}" was created`,
})

/** The engine has been seen without it, and what it held is given back. */
export const containerDeleted = (row: Told): NewEvent => ({
  ...of(row),
  action: 'container.deleted',
  level: 'info',
  message: `Container "${row.name}" was deleted`,
})

export const containerResized = (row: Told & Sizes): NewEvent => ({
  ...of(row),
  action: 'container.resized',
  level: 'info',
  message: `Container "${row.name}" has other limits`,
  details: { ...sizesOf(row) },
})

export const containerNotResized = (row: Told & Sizes, why: string): NewEvent => ({
  ...of(row),
  action: 'container.resize-refused',
  level: 'warning',
  message: `Container "${row.name}" keeps its limits: ${why}`,
  details: { refused: sizesOf(row) },
})

const of = ({ id, tenantId, name }: Pick<Told, 'id' | 'tenantId' | 'name'>) => ({
  tenantId,
  target: { kind: 'container', id, name },
})

/** What another hand had done to it, and the platform has put right. */
export const containerRepaired = (
  row: Pick<Told, 'id' | 'tenantId' | 'name'>,
  found: string,
): NewEvent => ({
  ...of(row),
  action: 'container.repaired',
  level: 'warning',
  message: `Container "${row.name}" was not as it had been made, and was put right: ${found}`,
  details: { found },
})
