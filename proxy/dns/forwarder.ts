import { clearTimeout, setTimeout } from 'node:timers'
import { bucketsOf, type Rate } from '../../src/core/token-bucket.ts'
import { bareAnswer, type Answer } from '../core/dns-answer.ts'
import { CACHE_LIMITS, DnsCache, type CacheLimits, type Place } from '../core/dns-cache.ts'
import { isFailure, meaning, type Forwarded } from '../core/dns-forward.ts'
import { askedName } from '../core/dns-query.ts'
import { relayed, type Relayed, type RelayedFor } from '../core/dns-relay.ts'
import { RCODE, REASON } from '../core/dns-wire.ts'
import type { Upstream } from './upstream.ts'
import { Waiting, type Done } from './waiting.ts'

export interface ForwardLimits {
  /** Questions under way to the host's resolvers, together. Docker's embedded DNS asks up to 1024. */
  readonly inFlight: number
  /** And those that one client waits for. */
  readonly perClient: number
  /** Questions of one client that others are asked for; what is known already is not counted. */
  readonly rate: Rate
  readonly tryMs: number
  /** After that the client is told SERVFAIL: silence would only make it ask again (RFC 8906). */
  readonly overallMs: number
  /** After that it is told what was right some time ago, where that is known (RFC 8767 §5). */
  readonly staleAfterMs: number
  readonly cache: CacheLimits
}

export const FORWARD_LIMITS: ForwardLimits = {
  inFlight: 1024,
  perClient: 100,
  rate: { perSecond: 300, burst: 1000 },
  tryMs: 2000,
  overallMs: 5000,
  staleAfterMs: 1800,
  cache: CACHE_LIMITS,
}

/** Clients whose rate is remembered; those that are forgotten begin with a full bucket. */
const CLIENTS_MAX = 10_000

export interface ForwarderDeps {
  readonly upstream: Upstream
  readonly limits: ForwardLimits
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Addresses to which no name of the world leads. */
  readonly isForbidden: RelayedFor['isForbidden']
}

export interface Forwarder {
  /** What is known without asking anybody. */
  known(asked: Forwarded): Answer | null
  /** Calls `done` exactly once, at the latest after `overallMs`. */
  ask(asked: Forwarded, done: Done): void
  counters(): ForwardCounters
  /** Ends what is under way, without an answer. */
  close(): void
}

export interface ForwardCounters {
  /** Answered from what was known. */
  readonly cached: number
  /** Of these, with what was old because nobody could be asked. */
  readonly stale: number
  /** Asked while the same question was under way. */
  readonly merged: number
  /** Not passed on: too many of one client, or of all. */
  readonly limited: number
  /** Addresses left out, to which no name of the world leads. */
  readonly filtered: number
  readonly inFlight: number
  readonly cacheAnswers: number
  readonly cacheBytes: number
}

/** Keeps what it has heard, and the number of questions under way in bounds; asks none twice at a time. */
export function forwarder({ upstream, limits, now, isForbidden }: ForwarderDeps): Forwarder {
  const cache = new DnsCache(limits.cache)
  const waiting = new Waiting(limits)
  const allowed = rates(limits.rate, now)
  const stop = new AbortController()
  const counts = { cached: 0, stale: 0, merged: 0, limited: 0, filtered: 0 }

  function known(asked: Forwarded): Answer | null {
    const found = cache.find(placeOf(asked), now())
    if (found?.state !== 'fresh') return null
    counts.cached++
    return found.answer
  }

  function ask(asked: Forwarded, done: Done): void {
    const place = placeOf(asked)
    const isNew = !waiting.has(place)
    const isOver = stop.signal.aborted || (isNew && !allowed(asked.client))
    if (isOver || !waiting.join(place, asked.client, done)) {
      counts.limited++
      return done(old(place) ?? LIMITED)
    }
    if (isNew) void settle(asked, place)
    else counts.merged++
  }

  /** What was right some time ago. */
  function old(place: Place): Answer | null {
    const found = cache.find(place, now())
    if (found === null) return null
    counts.cached++
    if (found.state === 'stale') counts.stale++
    return found.answer
  }

  async function settle(asked: Forwarded, place: Place): Promise<void> {
    const tellOld = (): void => waiting.tell(place, old(place))
    const hasOld = cache.find(place, now()) !== null
    const patience = hasOld ? setTimeout(tellOld, limits.staleAfterMs) : undefined
    const message = await upstream(asked, stop.signal)
    clearTimeout(patience)
    const heard = message && heardIn(message, asked)
    if (message === null || heard === null || isFailure(message)) {
      if (!stop.signal.aborted) cache.keepFailure(place, now())
      return waiting.tell(place, hasOld ? old(place) : (heard?.answer ?? null))
    }
    counts.filtered += heard.filtered
    cache.keep(place, heard, now())
    waiting.tell(place, heard.answer)
  }

  const heardIn = (message: Buffer, { packet, query, view }: Forwarded): Relayed | null =>
    relayed(message, {
      key: askedName(packet, query),
      type: query.type,
      secure: query.edns?.secure === true,
      // The host may be told whatever it likes; it asks for itself.
      isForbidden: view === '' ? nothing : isForbidden,
    })

  return {
    known,
    ask,
    counters() {
      const { answers, bytes } = cache.size()
      return { ...counts, inFlight: waiting.size(), cacheAnswers: answers, cacheBytes: bytes }
    },
    close: () => stop.abort(),
  }
}

const LIMITED = bareAnswer(RCODE.SERVFAIL, REASON.PROHIBITED)

const placeOf = (asked: Forwarded): Place => ({ view: asked.view, key: meaning(asked) })

const nothing = (): boolean => false

/** Whether a client may have others asked once more. */
function rates(rate: Rate, now: () => number): (client: string) => boolean {
  const clients = bucketsOf(CLIENTS_MAX)
  return (client) => clients.take(client, rate, now()).isTaken
}
