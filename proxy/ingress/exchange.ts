import { Buffer } from 'node:buffer'
import { bodyReader, contentBytes } from '../core/http-body.ts'
import type { BodyReader } from '../core/http-body.ts'
import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { Trailers } from '../core/http-trailers.ts'
import type { Balance } from '../core/route.ts'
import type { App } from '../core/routing.ts'
import { apiTrouble, asksApi } from './api-troubles.ts'
import { Answer } from './answer.ts'
import type { Backend } from './backend.ts'
import type { Asking } from './balancer.ts'
import type { Client } from './client.ts'
import type { IngressContext } from './context.ts'
import { lateAnswer } from './deadlines.ts'
import type { Sender } from './forwarded-lines.ts'
import type { Waiter } from './holds.ts'
import { memberHead } from './member-head.ts'
import { bodyLimit, objectionAt, objectionTo } from './objection.ts'
import { challengeAnswer, type OwnAnswer } from './own-answer.ts'
import type { Queued } from './queues.ts'
import { isRepeatable, sameLast } from './retry-budget.ts'
import { Share } from './shares.ts'
import { Tally } from './tallies.ts'
import { appFor } from './routed.ts'
import * as troubles from './troubles.ts'
import { Waiting } from './waiting.ts'
import type { Upstream, UpstreamUser } from './upstream.ts'

/** What a request is waiting for. */
type Phase = 'reading' | 'held' | 'queued' | 'connecting' | 'sent' | 'over'

const NOTHING = Buffer.alloc(0)

interface Asked {
  readonly head: RequestHead
  /** How the content comes, where the head does not say it. */
  readonly body?: BodyReader
}

/** One request and its way to a member: who is asked, when again, and the content that follows. */
export class Exchange implements UpstreamUser, Asking, Queued, Waiter {
  readonly head: RequestHead
  readonly host: string
  /** The same for the member, for a page of ours and for the log. */
  readonly requestId: string
  /** The client, whom a trusted proxy in front may have named. */
  readonly sender: Sender
  readonly takesTrailers: boolean
  readonly serverName: string | null
  readonly #context: IngressContext
  readonly #client: Client
  readonly #body: BodyReader
  /** Whose request it is, once that is known. */
  app: App | undefined
  readonly #share: Share
  readonly #tally: Tally
  #phase: Phase = 'reading'
  #candidates: readonly Backend[] = []
  #tries = 0
  #metFull = false
  #waits: Waiting | null = null
  #backend: Backend | undefined
  #mayWait = false
  #upstream: Upstream | null = null
  #answer: Answer | null = null
  #onlyFirst = true
  /** Of its content, so far. */
  bodyBytes = 0
  #progressAtMs: number
  #timedOut = false

  constructor(context: IngressContext, client: Client, { head, body }: Asked) {
    this.#context = context
    this.#client = client
    this.takesTrailers = client.takesTrailers
    this.serverName = client.serverName
    this.head = head
    this.host = head.meaning.host
    this.sender = client.forwarded.senderOf(head)
    this.requestId = context.newRequestId()
    this.#body = body ?? bodyReader(head.meaning.framing)
    this.#share = new Share(context)
    this.#progressAtMs = context.now()
    this.#tally = new Tally(context, this.#progressAtMs)
  }

  get isRequestDone(): boolean {
    return this.#body.state === 'done'
  }

  /** Reads the content that came with the head, and says where it stops. Nothing is sent yet. */
  readFirst(): number {
    const next = this.#body.read(this.head.bytes, this.head.end)
    this.bodyBytes = contentBytes(this.#body)
    return next
  }

  /** Chooses a member and asks it, or answers at once. */
  start(): void {
    const shown = challengeAnswer(this.#context, this.head)
    if (shown !== null) return this.#answerOurselves(shown)
    const had = { body: this.#body, bodyBytes: this.bodyBytes }
    const objection = objectionTo(this.#context, this.head, had)
    if (objection !== null) return this.#fail(objection)
    this.#context.budget.earn()
    this.#choose()
  }

  /** A waiter's turn: the table, the health or the member itself has changed. */
  retry(): void {
    if (this.#phase === 'held') this.#choose()
  }

  /** A member of its app may have room for it. */
  admit(): boolean {
    if (this.isQueued) this.#choose()
    return !this.isQueued
  }

  get isQueued(): boolean {
    return this.#phase === 'queued'
  }

  get balance(): Balance {
    return this.app?.balance ?? this.#context.balance
  }

  get #waiting(): Waiting {
    return (this.#waits ??= new Waiting(this.#context, this))
  }

  get peer(): string {
    return this.sender.peer
  }

  /** More content from the client; answers how much of it was taken. */
  takeBody(bytes: Buffer): number {
    if (this.#phase !== 'sent' || this.isRequestDone || this.#upstream === null) return 0
    const end = this.#body.read(bytes, 0)
    this.#onlyFirst = false
    this.#progressAtMs = this.#context.now()
    this.bodyBytes += contentBytes(this.#body)
    if (this.#body.state === 'refused') {
      this.#fail(troubles.badRequest(400, this.#body.reason))
    } else if (this.bodyBytes > bodyLimit(this.#context.limits, this.app)) {
      this.#fail(troubles.contentTooLarge())
    } else {
      this.#write(bytes, '')
      if (this.#upstream.isFull) this.#client.pause()
    }
    return end
  }

  connected(): void {
    if (this.app !== undefined) this.#context.holds.release(this.app.key)
    this.#send()
  }

  connectFailed(): void {
    const backend = this.#backend
    backend?.failed()
    this.#tally.count('connectFailures')
    this.#upstream = null
    if (backend?.isSettling === true && !this.#context.view.isReportedHealthy(backend.member)) {
      this.#mayWait = true
    }
    // A control plane that has ended is started again.
    if (this.app?.front !== undefined) this.#mayWait = true
    this.#tryNext()
  }

  received(bytes: Buffer): void {
    this.#progressAtMs = this.#context.now()
    this.#answer?.received(bytes)
  }

  ended(trailers?: Trailers): void {
    if (this.#answer?.isBegun === true) this.#answer.ended(trailers)
    else this.#lostBeforeAnswer()
  }

  lost(code?: number): void {
    if (this.#answer?.isBegun === true) this.#answer.lost(code)
    else this.#lostBeforeAnswer(code)
  }

  /** The member takes content again. */
  drained(): void {
    if (!this.isRequestDone) this.#client.resume()
  }

  /** The client takes content again. */
  clientDrained(): void {
    this.#progressAtMs = this.#context.now()
    this.#upstream?.resume()
  }

  /** The client has closed its half; without its whole request there is nothing to answer. */
  clientEnded(): void {
    if (!this.isRequestDone) this.#fail(troubles.badRequest(400, 'its content ends too early'))
  }

  /** What comes after the last content, where nothing told before how much there would be. */
  contentEnded(trailers?: Trailers): void {
    if (this.#phase === 'sent') this.#write(NOTHING, '', trailers)
  }

  /** The client is gone. */
  abandon(code?: number): void {
    if (this.#phase !== 'over') this.#tally.aborted(this.bodyBytes, this.#answer?.bytes ?? 0)
    this.#leave(code)
  }

  /** Looks at the deadlines of the present phase. */
  sweep(nowMs: number): void {
    const { limits } = this.#context
    const stillMs = nowMs - this.#progressAtMs
    if (this.#client.isHalfOpen && stillMs > limits.halfOpenMs) return this.#client.cut()
    if (this.#phase === 'held' || this.isQueued) {
      const late = this.#waiting.late(nowMs)
      if (late !== null) this.#fail(late)
    } else if (this.#phase === 'connecting') {
      if (stillMs > limits.connectMs) this.#connectTimedOut()
    } else if (this.#phase === 'sent') {
      this.#sweepSent(stillMs)
    }
  }

  #sweepSent(stillMs: number): void {
    const { limits } = this.#context
    const isUpstreamFull = this.#upstream?.isFull === true
    if (this.#answer?.isBegun === true) {
      const stalled = this.#client.isFull || isUpstreamFull
      if (stillMs > (stalled ? limits.writeStallMs : limits.responseGapMs)) this.#client.cut()
      return
    }
    const [app, member] = [this.app, this.#backend?.member]
    const late = lateAnswer(limits, this, { stillMs, app, member, isUpstreamFull })
    if (late !== null) this.#fail(late)
  }

  #choose(): void {
    // A process that has just begun to listen may not have its first table yet.
    const [{ host }, { view, balancer }] = [this, this.#context]
    if (!view.isReady) return this.#wait('held', this.#waiting.hold(undefined, false))
    const app = appFor(view, this.head, this.sender.peerNumber)
    if ('status' in app) return this.#fail(app)
    this.app = app
    this.#tally.of(app)
    const misplaced = objectionAt(this.#context, app, this)
    if (misplaced !== null) return this.#fail(misplaced)
    if (!this.#share.take(app, this.sender.peer)) return this.#fail(troubles.tenantBusy(host))
    const choice = view.choose(app)
    if (choice.kind === 'wait') return this.#wait('held', this.#waiting.hold(app, false))
    if (choice.kind === 'unavailable') return this.#fail(troubles.unavailable(host, choice))
    const order = balancer.order(app, choice.members, this)
    if (order === null) return this.#wait('queued', this.#waiting.queue(app))
    this.#candidates = order
    this.#tries = 0
    this.#metFull = false
    this.#mayWait = false
    this.#timedOut = false
    this.#tryNext()
  }

  #tryNext(): void {
    const backend = this.#candidates[this.#tries]
    if (backend === undefined || this.#tries >= this.#context.limits.tries) return this.#exhausted()
    this.#tries += 1
    // The table has changed since the choice.
    if (backend.isGone) return this.#choose()
    if (this.#context.balancer.isFull(backend, this.balance)) {
      this.#metFull = true
      return this.#tryNext()
    }
    this.#backend = backend
    this.#upstream = backend.take(this) ?? null
    if (this.#upstream !== null) return this.#send()
    this.#phase = 'connecting'
    this.#progressAtMs = this.#context.now()
    this.#upstream = backend.connect(this)
  }

  #connectTimedOut(): void {
    this.#upstream?.destroy()
    this.#timedOut = true
    this.connectFailed()
  }

  #exhausted(): void {
    const app = this.app
    if (this.#metFull && app !== undefined) this.#wait('queued', this.#waiting.queue(app))
    else if (this.#mayWait) this.#wait('held', this.#waiting.hold(app, true))
    else if (this.#timedOut) this.#fail(troubles.tooSlow(this.host))
    else this.#fail(troubles.connectFailed(this.host))
  }

  #wait(phase: 'held' | 'queued', useless: Trouble | null): void {
    if (this.#phase !== phase) this.#tally.count(phase)
    this.#phase = phase
    if (useless !== null) this.#fail(useless)
  }

  /** Head and first content, which are the same however often they have to be sent. */
  #send(): void {
    const [context, client, upstream] = [this.#context, this.#client, this.#upstream]
    this.#phase = 'sent'
    this.#progressAtMs = context.now()
    if (upstream === null) return
    this.#answer = new Answer(context, { client, exchange: this, upstream })
    const head = memberHead(this, { client, view: context.view, app: this.app })
    this.#write(this.head.bytes, head)
    if (!this.isRequestDone && !upstream.isFull) client.resume()
  }

  #write(bytes: Buffer, before: string, trailers?: Trailers): void {
    const [body, chunked] = [this.#body, this.head.meaning.framing.kind === 'chunked']
    this.#upstream?.write({ bytes, body, chunked, before, isLent: false }, trailers)
  }

  /**
   * The member closed before it said anything. Where it may just have given up waiting, or has refused a stream
   * of which it has seen nothing (RFC 9113 §8.7), another connection is tried, if that does no harm.
   */
  #lostBeforeAnswer(code?: number): void {
    const isReused = this.#upstream?.isReused === true
    if (!isReused && code === undefined) this.#backend?.failed()
    this.#upstream?.destroy()
    this.#upstream = null
    const isWhole = this.#onlyFirst && this.isRequestDone && this.#answer?.isUnanswered === true
    this.#answer = null
    const mayWait = isWhole && asksApi(this.app, this.head)
    if (mayWait) return this.#wait('held', this.#waiting.hold(this.app, true))
    const mayRepeat = isWhole && isRepeatable(this.head.line.method, { code, isOver: isReused })
    if (mayRepeat && this.#context.budget.spend()) {
      this.#tally.count('retries')
      this.#candidates = sameLast(this.#candidates, this.#tries)
      this.#tries = 0
      return this.#tryNext()
    }
    if (code === undefined || !this.takesTrailers) {
      return this.#fail(troubles.invalidAnswer(this.host, 'it closed the connection'))
    }
    // In the member's own words, which tell a client of gRPC what has become of its call.
    this.#leave()
    this.#client.cut(code)
  }

  /** Before any routing: an authority asks for hosts that may have no app. */
  #answerOurselves(answer: OwnAnswer): void {
    this.#client.begin(answer.head, answer.content)
    this.finish()
  }

  /** Answers with a page of our own; an answer that has begun can only be cut. */
  #fail(trouble: Trouble | OwnAnswer): void {
    if (this.#phase === 'over') return
    if ('content' in trouble) return this.#answerOurselves(trouble)
    if (this.#answer?.isBegun === true) return this.#client.cut()
    this.#leave()
    this.#tally.answered(trouble.status, this.bodyBytes, 0)
    const isApi = this.app?.front !== undefined && trouble.location === undefined
    this.#client.answerTrouble(isApi ? apiTrouble(trouble) : trouble, this)
  }

  /** The answer turned out to be none. */
  answerRefused(reason: string): void {
    this.#fail(troubles.invalidAnswer(this.host, reason))
  }

  /** The member is a tunnel's from now on; what is answered is to be called when that ends. */
  handOver(): () => void {
    this.#tally.answered(101, this.bodyBytes, 0)
    this.#phase = 'over'
    this.#upstream = null
    return () => this.#share.give()
  }

  /** Lets go of the member, whatever it was doing. */
  #leave(code?: number): void {
    this.#phase = 'over'
    this.#upstream?.destroy(code)
    this.#upstream = null
    this.#waits?.leave()
    this.#share.give()
  }

  /** The answer is complete, and the connection to the member is taken care of. */
  finish(): void {
    this.#tally.answered(this.#answer?.status ?? 200, this.bodyBytes, this.#answer?.bytes ?? 0)
    this.#phase = 'over'
    this.#upstream = null
    this.#share.give()
    this.#client.exchangeOver()
  }
}
