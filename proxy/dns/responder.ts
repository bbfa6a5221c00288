import type { Log } from '../../src/log.ts'
import { isForbidden } from '../core/dns-forbidden.ts'
import { endpoint, withoutOwn, type Endpoint } from '../core/dns-resolvers.ts'
import type { HealthReport, RouteTable } from '../core/route-table.ts'
import { answerer } from './answerer.ts'
import { exchanges } from './exchange.ts'
import { FORWARD_LIMITS, forwarder, type ForwardCounters, type ForwardLimits } from './forwarder.ts'
import { hostInterfaces } from './host-interfaces.ts'
import { listeners } from './listeners.ts'
import type { QuestionTallies } from './question-tallies.ts'
import { upstream } from './upstream.ts'
import { UpstreamHealth } from './upstream-health.ts'
import { TCP_LIMITS, type TcpLimits } from './tcp.ts'

export interface ResponderDeps {
  readonly log: Log
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Unguessable, 0 to 65535. */
  readonly randomId: () => number
  /** Whom to ask, as `endpoint` reads it. Ours may be among them. */
  readonly resolvers: () => Promise<readonly string[]>
  /** Address on which the ingress listens; absent: the domain's names have none. */
  readonly ingress?: string
  /** Addresses of those who may keep a copy of the domain's zone. */
  readonly secondaries?: readonly string[]
  /** Certificates that those asked over TLS are held against; absent: those of the runtime. */
  readonly ca?: string
  readonly limits?: {
    readonly forward?: Partial<ForwardLimits>
    readonly tcp?: Partial<TcpLimits>
  }
}

export interface Responder {
  update(table: RouteTable, health: readonly HealthReport[]): void
  /** All addresses or none. Port 0 is picked, and said. `signal` also ends what listens by then. */
  listen(
    addresses: readonly Endpoint[],
    options: { readonly reusePort: boolean },
    signal: AbortSignal,
  ): Promise<readonly Endpoint[]>
  /** Answers what is under way, for as long as `graceMs`, and ends. */
  close(graceMs: number): Promise<void>
  counters(): Counters
  /** What has been counted since that look, 0 for all; with its number. `isKnown`: of tenants. */
  measures(
    since: number,
    isKnown: (tenant: string) => boolean,
  ): ReturnType<QuestionTallies['moved']>
}

interface Counters extends ForwardCounters {
  readonly queries: number
  /** By ourselves: an answer, or that there is none. */
  readonly answered: number
  /** Malformed, or not for us to answer. */
  readonly refused: number
  readonly forwarded: number
  /** Of the forwarded: without an answer in time. */
  readonly failed: number
  readonly dropped: number
  readonly transfers: number
  readonly connections: number
  /** Resolvers that do not answer, and those that would ask us in turn. */
  readonly down: readonly string[]
  readonly looping: readonly string[]
}

/** For the last answers, after those who were to give them have been given up. */
const FAREWELL_MS = 100

/** Answers by the last table it was given, and passes on what is not ours to answer. */
export function responder(deps: ResponderDeps): Responder {
  const limits = { ...FORWARD_LIMITS, ...deps.limits?.forward }
  const onHost = hostInterfaces(deps.now)
  const ways = exchanges(deps.ca === undefined ? {} : { ca: deps.ca })
  const { exchange } = ways
  const { log, now, randomId } = deps
  const health = new UpstreamHealth({ log, now, randomId, exchange })
  const asking = upstream({
    log: deps.log,
    randomId: deps.randomId,
    exchange,
    health,
    limits,
    async resolvers() {
      const known = (await deps.resolvers()).map(endpoint).filter((each) => each !== null)
      return withoutOwn(known, sockets.bound(), onHost().addresses)
    },
  })
  const outside = forwarder({
    upstream: asking,
    limits,
    now: deps.now,
    isForbidden: (type, address) => isForbidden(type, address, inside()),
  })
  const { update, answer, counts, inside, tallies } = answerer({
    outside,
    onHost,
    ingress: deps.ingress ?? '',
    secondaries: deps.secondaries ?? [],
    seed: deps.randomId(),
  })
  const sockets = listeners({
    log: deps.log,
    limits: { ...TCP_LIMITS, ...deps.limits?.tcp },
    answer,
  })

  return {
    update,
    listen: sockets.listen,
    async close(graceMs) {
      const isIdle = (): boolean => outside.counters().inFlight === 0
      await sockets.drain(isIdle, graceMs)
      outside.close()
      // What is still open is told SERVFAIL now, which takes a turn or two of the loop.
      await sockets.drain(isIdle, FAREWELL_MS)
      sockets.close()
      health.close()
      ways.close()
    },
    measures: (since, isKnown) => tallies.moved(since, isKnown, deps.now()),
    counters: () => ({
      ...counts(),
      ...outside.counters(),
      connections: sockets.connections(),
      down: health.down(),
      looping: health.looping(),
    }),
  }
}
