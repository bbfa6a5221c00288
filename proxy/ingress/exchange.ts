import { Buffer } from 'node:buffer'
import { edgeLine } from '../core/api-front.ts'
import { bodyReader, contentBytes } from '../core/http-body.ts'
import type { BodyReader } from '../core/http-body.ts'
import { passesBy, requestForMember } from '../core/http-forward.ts'
import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { Member } from '../core/route-table.ts'
import type { App } from '../core/routing.ts'
import { apiTrouble, onlyOverTls } from './api-troubles.ts'
import { Answer } from './answer.ts'
import type { Backend } from './backend.ts'
import type { Client } from './client.ts'
import { writeContent } from './content.ts'
import type { IngressContext } from './context.ts'
import { challengeAnswer, type OwnAnswer } from './own-answer.ts'
import * as troubles from './troubles.ts'
import type { UpstreamConnection, UpstreamUser } from './upstream-connection.ts'

/** What a request is waiting for. */
type Phase = 'reading' | 'held' | 'connecting' | 'sent' | 'over'

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

const NOTHING = Buffer.alloc(0)

interface Asked {
  readonly head: RequestHead
  /** How the content comes, where the head does not say it. */
  readonly body?: BodyReader
}

/** One request and its way to a member: who is asked, when again, and the content that follows. */
export class Exchange implements UpstreamUser {
  readonly head: RequestHead
  readonly host: string
  /** The same for the member, for a page of ours and for the log. */
  readonly requestId: string
  readonly #context: IngressContext
  readonly #client: Client
  readonly #body: BodyReader
  readonly #isChunked: boolean
  #app: App | undefined
  /** The tenant whose share of all requests it is counted in. */
  #share: string | null = null
  #phase: Phase = 'reading'
  #candidates: readonly Member[] = []
  #tries = 0
  #backend: Backend | undefined
  #mayWait = false
  #upstream: UpstreamConnection | null = null
  #answer: Answer | null = null
  #onlyFirst = true
  #bodyBytes = 0
  #heldAtMs = 0
  #heldUnder = ''
  #progressAtMs: number
  #timedOut = false

  constructor(context: IngressContext, client: Client, { head, body }: Asked) {
    this.#context = context
    this.#client = client
    this.head = head
    this.host = head.meaning.host
    this.requestId = context.newRequestId()
    this.#body = body ?? bodyReader(head.meaning.framing)
    this.#isChunked = head.meaning.framing.kind === 'chunked'
    this.#progressAtMs = context.now()
  }

  get isRequestDone(): boolean {
    return this.#body.state === 'done'
  }

  /** The tenant's part of the platform's domain; null: the host is the app's own. */
  get cookieZone(): string | null {
    const { host } = this
    const isOurs = this.#app !== undefined && host.startsWith(`${this.#app.key}.`)
    return isOurs ? host.slice(host.indexOf('.') + 1) : null
  }

  /** Reads the content that came with the head, and says where it stops. Nothing is sent yet. */
  readFirst(): number {
    const { bytes, end } = this.head
    const next = this.#body.read(bytes, end)
    this.#bodyBytes = contentBytes(this.#body)
    return next
  }

  /** Chooses a member and asks it, or answers at once. */
  start(): void {
    const { framing } = this.head.meaning
    const shown = challengeAnswer(this.#context, this.head)
    if (shown !== null) return this.#answerOurselves(shown)
    if (this.#body.state === 'refused')
      return this.#fail(troubles.badRequest(400, this.#body.reason))
    const length = framing.kind === 'length' ? framing.bytes : this.#bodyBytes
    if (length > this.#context.limits.bodyBytes) return this.#fail(troubles.contentTooLarge())
    if (passesBy(this.head, this.#context.view.via) >= this.#context.limits.passes) {
      return this.#fail(troubles.loop(this.host))
    }
    this.#context.budget.earn()
    this.#choose()
  }

  /** A waiter's turn: the table, the health or the member itself has changed. */
  retry(): void {
    if (this.#phase === 'held') this.#choose()
  }

  /** More content from the client; answers how much of it was taken. */
  takeBody(bytes: Buffer): number {
    if (this.#phase !== 'sent' || this.isRequestDone || this.#upstream === null) return 0
    const end = this.#body.read(bytes, 0)
    this.#onlyFirst = false
    this.#progressAtMs = this.#context.now()
    this.#bodyBytes += contentBytes(this.#body)
    if (this.#body.state === 'refused') {
      this.#fail(troubles.badRequest(400, this.#body.reason))
    } else if (this.#bodyBytes > this.#context.limits.bodyBytes) {
      this.#fail(troubles.contentTooLarge())
    } else {
      this.#write(bytes, '')
      if (this.#upstream.isFull) this.#client.pause()
    }
    return end
  }

  connected(): void {
    if (this.#app !== undefined) this.#context.holds.release(this.#app.key)
    this.#send()
  }

  connectFailed(): void {
    const backend = this.#backend
    backend?.failed()
    this.#upstream = null
    if (backend?.isSettling === true && !this.#context.view.isReportedHealthy(backend.member)) {
      this.#mayWait = true
    }
    // A control plane that has ended is started again.
    if (this.#app?.front !== undefined) this.#mayWait = true
    this.#tryNext()
  }

  received(bytes: Buffer): void {
    this.#progressAtMs = this.#context.now()
    this.#answer?.received(bytes)
  }

  ended(): void {
    if (this.#answer?.isBegun === true) this.#answer.ended()
    else this.#lostBeforeAnswer()
  }

  lost(): void {
    if (this.#answer?.isBegun === true) this.#answer.lost()
    else this.#lostBeforeAnswer()
  }

  /** The member takes content again. */
  drained(): void {
    if (!this.isRequestDone) this.#client.resume()
  }

  /** The client takes content again. */
  clientDrained(): void {
    this.#progressAtMs = this.#context.now()
    this.#upstream?.socket.resume()
  }

  /** The client has closed its half; without its whole request there is nothing to answer. */
  clientEnded(): void {
    if (!this.isRequestDone) this.#fail(troubles.badRequest(400, 'its content ends too early'))
  }

  /** What comes after the last content, where nothing told before how much there would be. */
  contentEnded(): void {
    if (this.#phase === 'sent') this.#write(NOTHING, '')
  }

  /** The client is gone. */
  abandon(): void {
    if (this.#phase !== 'over') this.#context.counters.aborted += 1
    this.#leave()
  }

  /** Looks at the deadlines of the present phase. */
  sweep(nowMs: number): void {
    const { limits } = this.#context
    const stillMs = nowMs - this.#progressAtMs
    if (this.#client.isHalfOpen && stillMs > limits.halfOpenMs) return this.#client.cut()
    if (this.#phase === 'held') {
      if (nowMs - this.#heldAtMs > limits.holdMs) this.#fail(troubles.stillStarting(this.host))
    } else if (this.#phase === 'connecting') {
      if (stillMs > limits.connectMs) this.#connectTimedOut()
    } else if (this.#phase === 'sent') {
      this.#sweepSent(stillMs)
    }
  }

  #sweepSent(stillMs: number): void {
    const { limits } = this.#context
    if (this.#answer?.isBegun === true) {
      const stalled = this.#client.isFull || this.#upstream?.isFull === true
      if (stillMs > (stalled ? limits.writeStallMs : limits.responseGapMs)) this.#client.cut()
    } else if (this.isRequestDone) {
      const { apiResponseHeadMs, responseHeadMs } = limits
      const isApi = this.#app?.front !== undefined
      if (stillMs > (isApi ? apiResponseHeadMs : responseHeadMs))
        this.#fail(troubles.tooSlow(this.host))
    } else if (this.#upstream?.isFull === true) {
      if (stillMs > limits.writeStallMs) this.#fail(troubles.tooSlow(this.host))
    } else if (stillMs > limits.bodyGapMs) {
      this.#fail(troubles.slowRequest())
    }
  }

  #choose(): void {
    // A process that has just begun to listen may not have its first table yet.
    if (!this.#context.view.isReady) return this.#hold(false)
    this.#app = this.#context.view.find(this.host, this.#client.peerNumber)
    if (this.#app === undefined) return this.#fail(troubles.unknownHost(this.host))
    if (this.#isMisdirected(this.#app)) return this.#fail(troubles.misdirected(this.host))
    const { front } = this.#app
    if (front !== undefined && !this.#client.forwarded.isSecure) {
      return this.#fail(onlyOverTls(front, this.head))
    }
    if (!this.#takeShare(this.#app.tenant)) return this.#fail(troubles.tenantBusy(this.host))
    const choice = this.#context.view.choose(this.#app)
    if (choice.kind === 'wait') return this.#hold(false)
    if (choice.kind === 'unavailable') return this.#fail(troubles.unavailable(this.host, choice))
    this.#candidates = this.#ejectedLast(choice.members)
    this.#tries = 0
    this.#mayWait = false
    this.#timedOut = false
    this.#tryNext()
  }

  /**
   * The certificate was another tenant's (RFC 9110 §15.5.20): a connection that a browser reuses for a name
   * that its certificate does not stand for must not get there.
   */
  #isMisdirected({ tenant }: App): boolean {
    const { serverName } = this.#client
    if (serverName === null || serverName === this.host) return false
    return this.#context.view.find(serverName, null)?.tenant !== tenant
  }

  /** Whoever fails all the time is still there for when nobody else answers. */
  #ejectedLast(members: readonly Member[]): readonly Member[] {
    const isEjected = (one: Member): boolean => this.#context.backend(one)?.isEjected === true
    if (members.length < 2 || !members.some(isEjected)) return members
    return [...members.filter((one) => !isEjected(one)), ...members.filter(isEjected)]
  }

  #tryNext(): void {
    const member = this.#candidates[this.#tries]
    if (member === undefined || this.#tries >= this.#context.limits.tries) return this.#exhausted()
    this.#tries += 1
    const backend = this.#context.backend(member)
    // The table has changed since the choice; everybody of a new choice has a backend.
    if (backend === undefined) return this.#choose()
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
    if (this.#mayWait) this.#hold(true)
    else if (this.#timedOut) this.#fail(troubles.tooSlow(this.host))
    else this.#fail(troubles.connectFailed(this.host))
  }

  #hold(byTime: boolean): void {
    const nowMs = this.#context.now()
    if (this.#heldAtMs === 0) this.#heldAtMs = nowMs
    if (nowMs - this.#heldAtMs > this.#context.limits.holdMs) {
      return this.#fail(troubles.stillStarting(this.host))
    }
    this.#phase = 'held'
    this.#heldUnder = this.#app?.key ?? this.host
    if (!this.#context.holds.add(this.#heldUnder, this, byTime)) {
      this.#fail(troubles.tooBusy(this.host))
    }
  }

  /** Head and first content, which are the same however often they have to be sent. */
  #send(): void {
    const { bytes } = this.head
    this.#phase = 'sent'
    this.#progressAtMs = this.#context.now()
    const upstream = this.#upstream
    if (upstream === null) return
    this.#answer = new Answer(this.#context, { client: this.#client, exchange: this, upstream })
    const { via } = this.#context.view
    const ours = this.#client.forwarded.of(this.head, { requestId: this.requestId, via })
    const front = this.#app?.front
    const who = front === undefined ? '' : edgeLine(front, this.#client.peer)
    this.#write(bytes, requestForMember(this.head, ours + who))
    if (!this.isRequestDone && !upstream.isFull) this.#client.resume()
  }

  #write(bytes: Buffer, before: string): void {
    const [socket, chunked] = [this.#upstream?.socket, this.#isChunked]
    if (socket) writeContent(socket, { bytes, body: this.#body, chunked, before, isLent: false })
  }

  /**
   * The member closed before it said anything. On a connection that rested before, it may just have
   * given up waiting; then, and only if asking twice does no harm, another connection is tried.
   */
  #lostBeforeAnswer(): void {
    const isReused = this.#upstream?.isReused === true
    if (!isReused) this.#backend?.failed()
    this.#upstream?.destroy()
    this.#upstream = null
    const isUnanswered = this.#answer?.isUnanswered === true
    this.#answer = null
    const mayRepeat = this.#onlyFirst && this.isRequestDone && IDEMPOTENT.has(this.head.line.method)
    if (isReused && isUnanswered && mayRepeat && this.#context.budget.spend()) {
      this.#context.counters.retries += 1
      const member = this.#candidates[this.#tries - 1]
      const others = this.#candidates.slice(this.#tries)
      this.#candidates = member === undefined ? others : [...others, member]
      this.#tries = 0
      return this.#tryNext()
    }
    this.#fail(troubles.invalidAnswer(this.host, 'it closed the connection'))
  }

  /** Before any routing: an authority asks for hosts that may have no app. */
  #answerOurselves(answer: OwnAnswer): void {
    this.#client.begin(answer.head, answer.content)
    this.finish()
  }

  /** Answers with a page of our own; an answer that has begun can only be cut. */
  #fail(trouble: Trouble): void {
    if (this.#phase === 'over') return
    if (this.#answer?.isBegun === true) return this.#client.cut()
    this.#leave()
    const isApi = this.#app?.front !== undefined && trouble.location === undefined
    this.#client.answerTrouble(isApi ? apiTrouble(trouble) : trouble, this)
  }

  /** The answer turned out to be none. */
  answerRefused(reason: string): void {
    this.#fail(troubles.invalidAnswer(this.host, reason))
  }

  /** Once for all its tries. */
  #takeShare(tenant: string): boolean {
    if (this.#share !== null) return true
    if (!this.#context.tenants.take(tenant)) return false
    this.#share = tenant
    return true
  }

  readonly #giveShare = (): void => {
    if (this.#share !== null) this.#context.tenants.give(this.#share)
    this.#share = null
  }

  /** The member is a tunnel's from now on; what is answered is to be called when that ends. */
  handOver(): () => void {
    this.#phase = 'over'
    this.#upstream = null
    return this.#giveShare
  }

  /** Lets go of the member, whatever it was doing. */
  #leave(): void {
    this.#phase = 'over'
    this.#upstream?.destroy()
    this.#upstream = null
    this.#context.holds.remove(this.#heldUnder, this)
    this.#giveShare()
  }

  /** The answer is complete, and the connection to the member is taken care of. */
  finish(): void {
    this.#phase = 'over'
    this.#upstream = null
    this.#giveShare()
    this.#client.exchangeOver()
  }
}
