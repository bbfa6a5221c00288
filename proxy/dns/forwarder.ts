import { meaning, type Forwarded } from '../core/dns-forward.ts'
import type { Upstream } from './upstream.ts'

export interface ForwardLimits {
  /** Questions under way to the host's resolvers, together. Docker's embedded DNS asks up to 1024. */
  readonly inFlight: number
  /** And those that one client waits for. */
  readonly perClient: number
  readonly tryMs: number
  /** After that the client is told SERVFAIL: silence would only make it ask again (RFC 8906). */
  readonly overallMs: number
}

export const FORWARD_LIMITS: ForwardLimits = {
  inFlight: 1024,
  perClient: 100,
  tryMs: 2000,
  overallMs: 5000,
}

export interface ForwarderDeps {
  readonly upstream: Upstream
  readonly limits: ForwardLimits
}

/** An upstream's message as it came, or null: nobody could be asked. */
type Done = (answer: Buffer | null) => void

export interface Forwarder {
  /** Calls `done` exactly once, at the latest after `overallMs`. */
  ask(asked: Forwarded, done: Done): void
  inFlight(): number
  merged(): number
  /** Ends what is under way, without an answer. */
  close(): void
}

/** Keeps the number of questions under way in bounds, and asks no question twice at a time. */
export function forwarder({ upstream, limits }: ForwarderDeps): Forwarder {
  const pending = new Map<string, Done[]>()
  const waiting = new Map<string, number>()
  const stop = new AbortController()
  let merged = 0

  function ask(asked: Forwarded, done: Done): void {
    const { client } = asked
    const mine = waiting.get(client) ?? 0
    if (mine >= limits.perClient || stop.signal.aborted) return done(null)
    const key = `${asked.view}\n${meaning(asked)}`
    const others = pending.get(key)
    if (others === undefined && pending.size >= limits.inFlight) return done(null)

    waiting.set(client, mine + 1)
    const finish: Done = (answer) => {
      const left = (waiting.get(client) ?? 1) - 1
      if (left > 0) waiting.set(client, left)
      else waiting.delete(client)
      done(answer)
    }
    if (others !== undefined) {
      merged++
      others.push(finish)
      return
    }
    const finishers = [finish]
    pending.set(key, finishers)
    void settle(asked, (answer) => {
      pending.delete(key)
      for (const each of finishers) each(answer)
    })
  }

  async function settle(asked: Forwarded, tell: Done): Promise<void> {
    tell(await upstream(asked, stop.signal))
  }

  return {
    ask,
    inFlight: () => pending.size,
    merged: () => merged,
    close: () => stop.abort(),
  }
}
