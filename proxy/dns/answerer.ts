import { bareAnswer, payloadLimit, writeReply, type ReplyTo } from '../core/dns-answer.ts'
import type { Block } from '../core/dns-address.ts'
import type { Forwarded } from '../core/dns-forward.ts'
import type { Meter } from '../core/meters.ts'
import { parseQuery, QUESTION_TAIL_BYTES, type Query } from '../core/dns-query.ts'
import { transfer } from '../core/dns-transfer.ts'
import { HEADER_BYTES, MESSAGE_BYTES_MAX, RCODE, REASON } from '../core/dns-wire.ts'
import { resolveIn, type View } from '../core/zone.ts'
import { currentZone, type CurrentZoneDeps } from './current-zone.ts'
import type { Forwarder } from './forwarder.ts'
import { QuestionTallies } from './question-tallies.ts'

/** Who asks, and how. */
export interface From {
  readonly address: string
  /** Where a datagram came from, as its socket writes it. */
  readonly back: { readonly address: string; readonly port: number } | null
  readonly isStream: boolean
}

/** Several messages are a transfer, which is over a stream. */
export type Reply = (answer: Buffer | readonly Buffer[] | null, to: From) => void

/** Calls `reply` before it returns, but where somebody else has to be asked. Keeps no `packet`. */
export type AnswerTo = (packet: Buffer, from: From, reply: Reply) => void

export interface AnswererDeps extends CurrentZoneDeps {
  readonly outside: Pick<Forwarder, 'known' | 'ask'>
  /** Addresses of those who may keep a copy of the apps' zones. */
  readonly secondaries?: readonly string[]
}

/** Knows what to say to whom. Sockets are somebody else's. */
export function answerer(deps: AnswererDeps) {
  const { outside, secondaries = [] } = deps
  const current = currentZone(deps)
  const tallies = new QuestionTallies()
  const counts = noCounts()
  const answer: AnswerTo = (packet, from, reply) => {
    counts.queries++
    const query = parseQuery(packet)
    if (query.kind === 'drop') {
      counts.dropped++
      return reply(null, from)
    }
    const { zone, viewOf } = current.get()
    const view = viewOf(from.address)
    const meter = tallies.asked(view.tenant)
    const to: ReplyTo = {
      packet,
      questionEnd: query.questionEnd,
      edns: query.edns,
      limitBytes: from.isStream ? MESSAGE_BYTES_MAX : payloadLimit(query.edns),
      recursion: view.forward,
    }
    if (query.kind === 'transfer') {
      const mayCopy = from.isStream && secondaries.includes(from.address)
      const zones = zone !== null && mayCopy ? transfer(zone, view, to) : null
      counts[zones ? 'transfers' : 'refused']++
      tallies.answered(meter, zones ? RCODE.NOERROR : RCODE.REFUSED)
      return reply(zones ?? writeReply(to, REFUSED), from)
    }
    if (query.kind === 'refusal') {
      counts.refused++
      tallies.answered(meter, query.rcode)
      return reply(writeReply(to, bareAnswer(query.rcode)), from)
    }
    // Before the first table it is unknown whose names there are; a client asks again after this.
    const found = zone === null ? UNTOLD : resolveIn(zone, view, placed(packet, query))
    if (found === 'forward') return forward({ to, query, view, from, meter }, reply)
    counts.answered++
    tallies.answered(meter, found.rcode)
    reply(writeReply(to, found), from)
  }

  function forward({ to, query, view, from, meter }: Asked, reply: Reply): void {
    const client = from.address
    const lent: Forwarded = { packet: to.packet, query, client, view: view.tenant ?? '' }
    counts.forwarded++
    const known = outside.known(lent)
    tallies.passedOn(meter, known)
    if (known !== null) return reply(writeReply(to, known), from)
    // The packet is the socket's, which fills it anew while we wait.
    const packet = Buffer.from(to.packet)
    outside.ask({ ...lent, packet }, (heard) => {
      const told = heard ?? NOBODY
      const isFailed = told.rcode === RCODE.SERVFAIL
      if (isFailed) counts.failed++
      tallies.heard(meter, isFailed ? null : told)
      reply(writeReply({ ...to, packet }, told), from)
    })
  }

  /** Where containers are. */
  function inside(): readonly Block[] {
    const { zone } = current.get()
    return zone?.pool ? [zone.pool, ...zone.ranges] : []
  }

  return { update: current.update, answer, inside, counts: () => ({ ...counts }), tallies }
}

const noCounts = () => ({
  queries: 0,
  answered: 0,
  refused: 0,
  forwarded: 0,
  failed: 0,
  dropped: 0,
  transfers: 0,
})

const placed = (packet: Buffer, { questionEnd, type }: Query) => ({
  packet,
  start: HEADER_BYTES,
  end: questionEnd - QUESTION_TAIL_BYTES,
  type,
})

const REFUSED = bareAnswer(RCODE.REFUSED)
const UNTOLD = bareAnswer(RCODE.SERVFAIL, REASON.NOT_READY)
const NOBODY = bareAnswer(RCODE.SERVFAIL, REASON.NO_REACHABLE_AUTHORITY)

interface Asked {
  readonly to: ReplyTo
  readonly query: Query
  readonly view: View
  readonly from: From
  readonly meter: Meter
}
