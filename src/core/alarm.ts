import type { EventLevel, NewEvent } from './event.ts'
import { isResource, RESOURCES } from './quota.ts'

export const ALARM_KINDS = ['container.memory', 'node.disk', 'node.memory', 'tenant.quota'] as const
export type AlarmKind = (typeof ALARM_KINDS)[number]

/** What an alarm is about; `part` tells several of one subject apart, such as the disks of a machine. */
export interface AlarmSubject {
  readonly kind: AlarmKind
  readonly tenantId: string | null
  readonly targetId: string
  readonly targetName: string
  readonly part: string
}

/** How full something is, and from where to where that is remarkable. */
export interface Level extends AlarmSubject {
  readonly percent: number
  readonly raiseAt: number
  /** Lower, so that what stays about the mark is told of once. */
  readonly clearBelow: number
}

/** What is looked at, by kind; a kind that cannot be told is not there, and its alarms stay as they are. */
export type Levels = Readonly<Partial<Record<AlarmKind, readonly Level[]>>>

export interface Crossings {
  readonly raised: readonly Level[]
  /** Without a level where there is nothing to look at any more. */
  readonly cleared: readonly { readonly subject: AlarmSubject; readonly level: Level | undefined }[]
}

/** Which alarms begin and which end, of those that are raised by now and of what is seen. */
export function crossings(raised: readonly AlarmSubject[], levels: Levels): Crossings {
  const seen = new Map(
    ALARM_KINDS.flatMap((kind) => levels[kind] ?? []).map((level) => [keyOf(level), level]),
  )
  const open = new Set(raised.map(keyOf))
  return {
    raised: [...seen].flatMap(([key, level]) =>
      !open.has(key) && level.percent >= level.raiseAt ? [level] : [],
    ),
    cleared: raised
      .filter(({ kind }) => levels[kind] !== undefined)
      .map((subject) => ({ subject, level: seen.get(keyOf(subject)) }))
      .filter(({ level }) => level === undefined || level.percent < level.clearBelow),
  }
}

const keyOf = ({ kind, targetId, part }: AlarmSubject): string => [kind, targetId, part].join(' ')

/** What is used of what there is, in percent; of nothing at all nothing can be used. */
export const percentOf = (used: number, all: number): number => (all > 0 ? (used / all) * 100 : 0)

const labelOf = (part: string): string => (isResource(part) ? RESOURCES[part].label : part)

const WORDS = {
  'container.memory': {
    target: 'container',
    of: ({ targetName }) => `Container "${targetName}" uses`,
    what: () => 'of its memory',
    gone: ({ targetName }) => `Container "${targetName}", of whose memory much was used, has ended`,
  },
  'node.disk': {
    target: 'node',
    of: ({ targetName }) => `Machine "${targetName}" uses`,
    what: ({ part }) => `of the disk of ${part}`,
    gone: ({ targetName, part }) => `Machine "${targetName}" has no disk of ${part} any more`,
  },
  'node.memory': {
    target: 'node',
    of: ({ targetName }) => `Machine "${targetName}" uses`,
    what: () => 'of its memory',
    gone: ({ targetName }) => `Machine "${targetName}" does not tell of its memory`,
  },
  'tenant.quota': {
    target: 'tenant',
    of: ({ targetName }) => `Tenant "${targetName}" has reserved`,
    what: ({ part }) => `of its limit of ${labelOf(part)}`,
    gone: ({ targetName, part }) =>
      `Tenant "${targetName}" has no limit of ${labelOf(part)} any more`,
  },
} as const satisfies Record<
  AlarmKind,
  {
    readonly target: string
    readonly of: (subject: AlarmSubject) => string
    readonly what: (subject: AlarmSubject) => string
    /** Where it is no longer there to be looked at. */
    readonly gone: (subject: AlarmSubject) => string
  }
>

export const raisedEvent = (level: Level): NewEvent => ({
  ...about(level, 'high', 'warning'),
  message: `${sentence(level, level)}, which is ${rounded(level.raiseAt)} % or more`,
  details: detailsOf(level, level),
})

export const clearedEvent = (subject: AlarmSubject, level: Level | undefined): NewEvent => ({
  ...about(subject, 'normal', 'info'),
  message: level
    ? `${sentence(subject, level)} again, which is less than ${rounded(level.clearBelow)} %`
    : WORDS[subject.kind].gone(subject),
  details: detailsOf(subject, level),
})

function about(subject: AlarmSubject, end: 'high' | 'normal', level: EventLevel) {
  const { kind, tenantId, targetId: id, targetName: name } = subject
  const target = { kind: WORDS[kind].target, id, name }
  return { tenantId, action: `${kind}-${end}`, level, target }
}

const sentence = (subject: AlarmSubject, { percent }: Level): string =>
  `${WORDS[subject.kind].of(subject)} ${rounded(percent)} % ${WORDS[subject.kind].what(subject)}`

const detailsOf = ({ part }: AlarmSubject, level: Level | undefined) => ({
  ...(part !== '' && { of: part }),
  percent: level ? rounded(level.percent) : null,
})

/** Downwards: what is not yet full is not said to be. */
const rounded = (percent: number): number => Math.floor(percent * 10) / 10
