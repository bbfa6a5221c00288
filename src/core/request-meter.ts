/** Places of what is counted of an app's requests. */
export const REQUEST = {
  /** Answers by their class, 1xx to 5xx: so many places from here. */
  answers: 0,
  /** Cut before the end of their answers. */
  aborted: 5,
  requestBytes: 6,
  answerBytes: 7,
  connectFailures: 8,
  retries: 9,
  held: 10,
  queued: 11,
  durationMs: 12,
  /** Requests that took as long, each in one bucket alone. */
  durations: 13,
} as const

/** Upper bounds of the buckets; the last bucket has none. */
export const DURATION_BOUNDS_MS = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
] as const

export const REQUEST_NUMBERS = REQUEST.durations + DURATION_BOUNDS_MS.length + 1

export function durationBucket(ms: number): number {
  let i = 0
  while (i < DURATION_BOUNDS_MS.length && ms > (DURATION_BOUNDS_MS[i] ?? 0)) i += 1
  return REQUEST.durations + i
}

/** Places of what is counted of a tenant's questions. */
export const QUESTION = {
  questions: 0,
  /** Answers by response code; the last is for all others. */
  answers: 1,
  forwarded: 8,
  cacheHits: 9,
  cacheMisses: 10,
  unanswered: 11,
} as const

/** In the order of their numbers (RFC 1035 §4.1.1). */
export const RCODES = [
  'noerror',
  'formerr',
  'servfail',
  'nxdomain',
  'notimp',
  'refused',
  'other',
] as const

export const QUESTION_NUMBERS = 12
export const rcodePlace = (rcode: number): number =>
  QUESTION.answers + Math.min(rcode, RCODES.length - 1)
