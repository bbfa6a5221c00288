import { constants } from 'node:http2'

/** How many requests one repetition has to be earned by. */
const EARNED = 0.1
const MOST = 100
const AT_START = 10

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'TRACE',
])

interface Lost {
  /** With which the member has reset the stream. */
  readonly code: number | undefined
  /** The connection had served others before, or whoever ended is started again. */
  readonly isOver: boolean
}

/** Whether a request that was lost without any answer may be sent again: of a stream that it refuses a member has seen nothing. */
export function isRepeatable(method: string, { code, isOver }: Lost): boolean {
  if (code === constants.NGHTTP2_REFUSED_STREAM) return true
  return isOver && IDEMPOTENT.has(method)
}

/** Repetitions are a tenth of the traffic at most: a house that is down is not helped by more. */
export function retryBudget(): { earn(): void; spend(): boolean } {
  let left = AT_START
  return {
    earn() {
      left = Math.min(MOST, left + EARNED)
    },
    spend() {
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}

/** Whom to ask after so many tries: those who were not, then the last of those who were. */
export function sameLast<T>(candidates: readonly T[], tries: number): readonly T[] {
  const same = candidates[tries - 1]
  const others = candidates.slice(tries)
  return same === undefined ? others : [...others, same]
}
