import type { CloudEvent } from '../contract/events.ts'
import { failure, type Failure } from '../core/failure.ts'
import { isWanted, type EventFilter } from '../core/event-filter.ts'

/** An event that has been committed, and whose it is. */
export interface Told {
  readonly tenantId: string | null
  readonly event: CloudEvent
}

export interface Wanted {
  /** Without it the events of the whole platform. */
  readonly tenantId?: string | undefined
  readonly filter: EventFilter
}

/** So many of the last events are answered from memory; so many may wait for one reader. */
const MOST_REMEMBERED = 1000
const MOST_WAITING = 1000
/** So many follow one tenant, or the platform, at once: else one could take every connection there is. */
const MOST_READERS = 200

/** Hands committed events, in their order, to those who follow. */
export function eventFeed() {
  const remembered: Told[] = []
  const readers = new Set<Reader>()
  let lastSeq = 0

  return {
    /** The last event of this life; 0 before there was one. */
    lastSeq: (): number => lastSeq,
    readers: (): number => readers.size,

    push(told: Told): void {
      lastSeq = told.event.seq
      remembered.push(told)
      if (remembered.length > MOST_REMEMBERED) remembered.shift()
      for (const reader of readers) reader.offer(told)
    },

    /** Whether every event after this one is in memory still. */
    covers(seq: number): boolean {
      const [oldest] = remembered
      return oldest === undefined || oldest.event.seq <= seq + 1
    },

    /** Begins to listen: what is remembered after `since` comes first. */
    join(wanted: Wanted, since: number, tooSlow: () => void): Reader {
      const same = [...readers].filter(({ tenantId }) => tenantId === wanted.tenantId)
      if (same.length >= MOST_READERS) throw tooMany()
      const reader = new Reader(wanted, { since, tooSlow, gone: () => readers.delete(reader) })
      for (const told of remembered) reader.offer(told)
      readers.add(reader)
      return reader
    },
  }
}
export type EventFeed = ReturnType<typeof eventFeed>

const tooMany = (): Failure =>
  failure('rate-limited', `Cannot follow the events: ${MOST_READERS} do so already`, {
    policy: 'event-readers',
    retryAfterSeconds: 10,
  })

interface Following {
  /** It has seen the events up to this one. */
  readonly since: number
  readonly tooSlow: () => void
  readonly gone: () => void
}

/** One who follows. Its queue has a bound: beyond it the reader is let go, since skipping would be a lie. */
export class Reader {
  readonly #wanted: Wanted
  readonly #following: Following
  readonly #queue: CloudEvent[] = []
  #hasLeft = false
  #wake: (() => void) | undefined

  get tenantId(): string | undefined {
    return this.#wanted.tenantId
  }

  constructor(wanted: Wanted, following: Following) {
    this.#wanted = wanted
    this.#following = following
  }

  offer({ tenantId, event }: Told): void {
    // The table shows an event as soon as it is committed, which is before memory is told of it.
    if (event.seq <= this.#following.since) return
    const { tenantId: own, filter } = this.#wanted
    if ((own !== undefined && own !== tenantId) || !isWanted(event, filter)) return
    this.#queue.push(event)
    if (this.#queue.length > MOST_WAITING) {
      this.leave()
      this.#following.tooSlow()
    }
    this.#wake?.()
  }

  /** The next event, as soon as there is one; nothing once the reader has left. */
  async next(): Promise<CloudEvent | undefined> {
    while (this.#queue.length === 0 && !this.#hasLeft) {
      // oxlint-disable-next-line no-await-in-loop -- woken by an event, or by the end
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#queue.shift()
  }

  leave(): void {
    this.#hasLeft = true
    this.#following.gone()
    this.#queue.length = 0
    this.#wake?.()
  }
}
