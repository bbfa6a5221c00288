import type { HealthReport, Member, MemberCheck } from './route-table.ts'

/** What is known about one run of one container. A value: each observation makes the next one. */
export interface Health {
  /** When this run was first seen, in milliseconds of the checker's clock. */
  readonly since: number
  readonly verdict: 'unknown' | 'healthy' | 'unhealthy'
  /** Counted failures since the last success. */
  readonly failures: number
  /** Since the last failure. */
  readonly successes: number
  /** When the last of them was counted. */
  readonly failedAt: number
  readonly hasSucceeded: boolean
  readonly reason: string
}

/** What a probe has found. The reason is one sentence for people. */
export interface Finding {
  readonly ok: boolean
  readonly reason: string
}

/** A container that is starting is asked this often, so that it serves as soon as it can. */
const EAGER_MS_MIN = 10
const EAGER_MS_MAX = 250
/** Waiting so long between two probes adds at most a twentieth to the time the start takes anyway. */
const EAGER_SHARE = 1 / 20
/** One that has not come up by then is in trouble, not in a hurry. */
const EAGER_FOR_MS = 60_000

/** Probes spread by so much of their interval to either side, or all would fall together for ever. */
const JITTER = 0.1
/** The first pause of a healthy one is any part of an interval from this on. */
const FIRST_LEAST = 0.1

export function unknownHealth(now: number): Health {
  return {
    since: now,
    verdict: 'unknown',
    failures: 0,
    successes: 0,
    failedAt: -Infinity,
    hasSucceeded: false,
    reason: '',
  }
}

/** `successes` in a row make healthy, `retries` failures in a row make unhealthy. */
export function observed(
  health: Health,
  check: MemberCheck,
  at: Finding & { now: number },
): Health {
  const { ok, reason, now } = at
  if (ok) return succeeded(health, check, reason)
  if (!counts(health, check, now)) return { ...health, successes: 0, reason }
  const failures = health.failures + 1
  const verdict = failures >= check.retries ? 'unhealthy' : health.verdict
  return { ...health, verdict, failures, successes: 0, failedAt: now, reason }
}

function succeeded(before: Health, check: MemberCheck, found: string): Health {
  const successes = before.successes + 1
  const isEnough = before.verdict === 'healthy' || successes >= neededOf(check)
  const verdict = isEnough ? 'healthy' : before.verdict
  // Until it is healthy again, what made it unhealthy is what people have to know.
  const reason = verdict === 'unhealthy' ? before.reason : found
  return { ...before, verdict, failures: 0, successes, hasSucceeded: true, reason }
}

const neededOf = ({ successes = 1 }: MemberCheck): number => successes

/**
 * Failures count once the start period is over, or after the first success, which ends it. Eager
 * probes are many; of them one an interval counts, so that eagerness condemns nobody sooner.
 */
function counts(health: Health, check: MemberCheck, now: number): boolean {
  if (!health.hasSucceeded && now - health.since < check.startPeriodMs) return false
  return health.failures === 0 || now - health.failedAt >= check.intervalMs * (1 - 2 * JITTER)
}

/** How long to wait before the next probe of the container `id`. */
export function pauseMs(
  health: Health,
  check: MemberCheck,
  at: { readonly now: number; readonly id: string },
): number {
  const age = at.now - health.since
  const drawn = spread(at.id, at.now)
  const steady = check.intervalMs * (1 + JITTER * (2 * drawn - 1))
  // Those that came up together, or were there before us, do not go on together.
  const isFirst = health.successes === neededOf(check) && health.failedAt === -Infinity
  if (isFirst) return steady * (FIRST_LEAST + (1 - FIRST_LEAST) * drawn)
  if (
    (health.hasSucceeded && health.verdict !== 'unknown') ||
    age > Math.max(EAGER_FOR_MS, check.startPeriodMs)
  )
    return steady
  return Math.min(steady, Math.max(EAGER_MS_MIN, Math.min(EAGER_MS_MAX, age * EAGER_SHARE)))
}

/** A number from 0 to 1 that differs from container to container and from time to time (FNV-1a). */
function spread(id: string, now: number): number {
  let hash = 0x811c9dc5
  for (const character of `${id} ${now}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return (hash >>> 0) / 2 ** 32
}

/** What to tell others, or null while nothing is known. */
export function reportOf(
  { id, run }: Pick<Member, 'id' | 'run'>,
  health: Health,
): HealthReport | null {
  if (health.verdict === 'unknown') return null
  return { id, run, healthy: health.verdict === 'healthy', reason: health.reason }
}

/** A status line and the interim answers in front of it have room in this. */
export const HEAD_BYTES_MAX = 16 * 1024

/**
 * Reads the status of an answer, past any interim ones (RFC 9110 §15.2). `more`: the bytes end too
 * early. `malformed`: this is not HTTP/1 (RFC 9112 §4), or goes on for too long.
 */
export function httpStatus(bytes: Buffer): number | 'more' | 'malformed' {
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return bytes.length - at > HEAD_BYTES_MAX ? 'malformed' : 'more'
    const line = bytes.toString('latin1', at, lineEnd)
    const status = Number(
      /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(line)?.[1],
    )
    if (Number.isNaN(status)) return 'malformed'
    if (status >= 200 || status === 101) return status
    const headEnd = bytes.indexOf('\r\n\r\n', lineEnd)
    if (headEnd < 0) return bytes.length > HEAD_BYTES_MAX ? 'malformed' : 'more'
    at = headEnd + 4
    if (at > HEAD_BYTES_MAX) return 'malformed'
  }
}
