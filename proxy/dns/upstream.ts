import type { Log } from '../../src/log.ts'
import { isFailure, questionOf, type Forwarded } from '../core/dns-forward.ts'
import type { Endpoint } from '../core/dns-resolvers.ts'
import { askedName } from '../core/dns-query.ts'
import { deadline } from './deadline.ts'
import type { Exchange } from './exchange.ts'
import type { UpstreamHealth } from './upstream-health.ts'

/** Rounds over the resolvers that have not answered: a packet may get lost, but not three times. */
const ROUNDS_MAX = 3

export interface UpstreamDeps {
  readonly log: Log
  /** Random and unguessable, 0 to 65535. */
  readonly randomId: () => number
  /** Whom to ask, ourselves left out already. */
  readonly resolvers: () => Promise<readonly Endpoint[]>
  readonly exchange: Exchange
  readonly health: UpstreamHealth
  readonly limits: UpstreamLimits
}

interface UpstreamLimits {
  readonly tryMs: number
  /** After that the client is told SERVFAIL: silence would only make it ask again (RFC 8906). */
  readonly overallMs: number
}

/** The best answer that the host's resolvers have in time, or null. Never fails. */
export type Upstream = (asked: Forwarded, signal: AbortSignal) => Promise<Buffer | null>

export function upstream(deps: UpstreamDeps): Upstream {
  const { log, randomId, resolvers, exchange, health, limits } = deps

  async function answerOf(asked: Forwarded, signal: AbortSignal): Promise<Buffer | null> {
    if (health.isProbe(askedName(asked.packet, asked.query))) return null
    const known = (await orAborted(resolvers(), signal)) ?? []
    let servers: readonly Endpoint[] = health.usable(known)
    let last: Buffer | null = null
    for (let round = 0; round < ROUNDS_MAX && servers.length > 0; round++) {
      const silent: Endpoint[] = []
      for (const server of servers) {
        if (signal.aborted) return last
        using one = deadline(limits.tryMs, signal)
        const answer = await exchange(server, questionOf(asked, randomId()), one.signal)
        // Of one that was not given its time nothing is known.
        if (answer !== null || !signal.aborted) health.note(server, answer !== null)
        if (answer !== null && !isFailure(answer)) return answer
        if (answer === null) silent.push(server)
        last = answer ?? last
      }
      servers = silent
    }
    return last
  }

  return async (asked, signal) => {
    using overall = deadline(limits.overallMs, signal)
    try {
      return await answerOf(asked, overall.signal)
    } catch (error) {
      log('warn', 'Cannot forward a question', { error: String(error) })
      return null
    }
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const aborted = new Promise<null>((done) => {
    signal.addEventListener('abort', () => done(null), { once: true })
  })
  return Promise.race([work, aborted])
}
