import { bareAnswer, type Answer } from './dns-answer.ts'
import type { Relayed } from './dns-relay.ts'
import { RCODE, REASON } from './dns-wire.ts'

export interface CacheLimits {
  /** Answers kept, together and of one tenant. */
  readonly answers: number
  readonly perView: number
  /** And their bytes, together. */
  readonly bytes: number
  /** How long an answer is of use after its time, when nobody can be asked (RFC 8767 §5: days at most). */
  readonly staleMs: number
}

export const CACHE_LIMITS: CacheLimits = {
  answers: 50_000,
  perView: 5_000,
  bytes: 32 * 1024 * 1024,
  staleMs: 24 * 3_600_000,
}

/** That nobody could be asked is known for a moment, so that it is not tried by each client (RFC 9520 §3.2). */
const FAILURE_MS = 2_000
/** RFC 8767 §4: so short a time, and so long until those are asked again who did not answer. */
const STALE_TTL_SECONDS = 30
const TOUCH_MS = 1000
/** What an answer takes beside its records. */
const ENTRY_BYTES = 300

interface Entry {
  readonly answer: Answer
  readonly ttls: Relayed['ttls']
  readonly storedAt: number
  usedAt: number
  readonly expiresAt: number
  readonly staleUntil: number
  /** For so long nobody is asked again although the answer is old. */
  sureUntil: number
  /** What its TTLs have been lessened by. */
  agedSeconds: number
}

export interface Cached {
  readonly answer: Answer
  /** `stale`: better than nothing. */
  readonly state: 'fresh' | 'stale'
}

/**
 * Answers of others, for a while. Each tenant has its own, so that nobody learns by how quick an answer is
 * what another one has asked; and none can have all of the room.
 */
export class DnsCache {
  readonly #limits: CacheLimits
  readonly #views = new Map<string, Map<string, Entry>>()
  #answers = 0
  #bytes = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  size(): { readonly answers: number; readonly bytes: number } {
    return { answers: this.#answers, bytes: this.#bytes }
  }

  find({ view, key }: Place, now: number): Cached | null {
    const own = this.#views.get(view)
    const entry = own?.get(key)
    if (own === undefined || entry === undefined) return null
    if (now >= entry.staleUntil) {
      this.#remove(own, { view, key })
      return null
    }
    // The last one used is the last one to go, as near as a second.
    if (now - entry.usedAt >= TOUCH_MS) {
      entry.usedAt = now
      own.delete(key)
      own.set(key, entry)
    }
    const isOld = now >= entry.expiresAt
    age(entry, isOld ? null : Math.floor((now - entry.storedAt) / 1000))
    const answer = isOld ? { ...entry.answer, reason: REASON.STALE } : entry.answer
    return { answer, state: isOld && now >= entry.sureUntil ? 'stale' : 'fresh' }
  }

  keep(place: Place, { answer, ttls, ttlSeconds }: Relayed, now: number): void {
    if (ttlSeconds <= 0) return
    const expiresAt = now + ttlSeconds * 1000
    const staleUntil = expiresAt + this.#limits.staleMs
    const times = { storedAt: now, usedAt: now, expiresAt, staleUntil, sureUntil: 0 }
    this.#put(place, { answer, ttls, agedSeconds: 0, ...times })
  }

  /** Nobody could be asked: what is old is good for a while longer, or there is nothing for a moment. */
  keepFailure(place: Place, now: number): void {
    const entry = this.#views.get(place.view)?.get(place.key)
    if (entry !== undefined && entry.answer !== FAILED) {
      entry.sureUntil = now + STALE_TTL_SECONDS * 1000
      return
    }
    const until = now + FAILURE_MS
    const times = { storedAt: now, usedAt: now, expiresAt: until, staleUntil: until, sureUntil: 0 }
    this.#put(place, { answer: FAILED, ttls: [], agedSeconds: 0, ...times })
  }

  #put(place: Place, entry: Entry): void {
    const { view, key } = place
    const known = this.#views.get(view)
    if (known?.has(key) === true) this.#remove(known, place)
    const own = this.#views.get(view) ?? new Map<string, Entry>()
    this.#views.set(view, own)
    own.set(key, entry)
    this.#answers++
    this.#bytes += sizeOf(key, entry)
    const { perView, answers, bytes } = this.#limits
    if (own.size > perView) this.#removeOldest(view, own)
    while (this.#answers > answers || this.#bytes > bytes) this.#removeOldest(...this.#largest())
  }

  /** Whoever has the most gives way first. */
  #largest(): [string, Map<string, Entry>] {
    let most: [string, Map<string, Entry>] = ['', new Map()]
    for (const one of this.#views) if (one[1].size > most[1].size) most = one
    return most
  }

  #removeOldest(view: string, own: Map<string, Entry>): void {
    const [key] = own.keys()
    if (key !== undefined) this.#remove(own, { view, key })
  }

  #remove(own: Map<string, Entry>, { view, key }: Place): void {
    const entry = own.get(key)
    if (entry === undefined) return
    own.delete(key)
    this.#answers--
    this.#bytes -= sizeOf(key, entry)
    if (own.size === 0) this.#views.delete(view)
  }
}

/** Whose answer it is, and to what. */
export interface Place {
  readonly view: string
  readonly key: string
}

const FAILED = bareAnswer(RCODE.SERVFAIL, REASON.NO_REACHABLE_AUTHORITY)

const sizeOf = (key: string, { answer }: Entry): number =>
  ENTRY_BYTES + key.length + answer.bytes.length

/** Writes how much is left of each TTL, once a second at most. Null: it is old. */
function age(entry: Entry, seconds: number | null): void {
  const aged = seconds ?? -1
  if (aged === entry.agedSeconds) return
  entry.agedSeconds = aged
  for (const one of entry.ttls) {
    const left = seconds === null ? STALE_TTL_SECONDS : Math.max(0, one.seconds - seconds)
    entry.answer.bytes.writeUInt32BE(left, one.at)
  }
}
