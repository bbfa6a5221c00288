import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { ACCEPT } from '../core/http-field-kind.ts'
import { firstValue } from '../core/http-forward.ts'
import { troublePage } from '../core/http-page.ts'
import type { Trouble } from '../core/http-page.ts'
import { HTTP_LIMITS } from '../core/http-parse.ts'
import { readRequestHead } from '../core/http-request.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { ResponseHead } from '../core/http-response.ts'
import type { AnswerContent, Client } from './client.ts'
import type { IngressContext } from './context.ts'
import { Exchange } from './exchange.ts'
import { ForwardedLines } from './forwarded-lines.ts'
import { HeadBytes } from './head-bytes.ts'
import { Http1Answer } from './http1-answer.ts'
import { reset, securityOf } from './peer.ts'
import * as troubles from './troubles.ts'
import { Tunnel } from './tunnel.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/**
 * `idle`: nothing of the next request yet. `head`: some of it. `busy`: an exchange has the word.
 * `tunnel`: bytes both ways. `closing`: the last answer is written; what still comes is dropped.
 */
type State = 'idle' | 'head' | 'busy' | 'tunnel' | 'closing'

/** Whoever has the connection once it carries requests no more. */
type TunnelEnd = Pick<Tunnel, 'clientDrained' | 'clientEnded' | 'close' | 'fromClient' | 'sweep'>

/** One client's connection: one request after the other, the next not before the last is answered. */
export class ClientConnection implements Client {
  readonly takesTrailers = false
  readonly socket: Socket
  readonly peer: string
  readonly forwarded: ForwardedLines
  readonly serverName: string | null
  readonly #answer: Http1Answer
  readonly #context: IngressContext
  readonly #headBytes = new HeadBytes(HTTP_LIMITS.requestHeadBytes)
  #state: State = 'idle'
  #exchange: Exchange | null = null
  #tunnel: TunnelEnd | null = null
  /** Bytes beyond the present request; while there are any, no more are read. */
  #stash: Buffer | null = null
  #isAdvancing = false
  #hasEnded = false
  #sinceMs: number
  #dropped = 0

  constructor(context: IngressContext, socket: Socket) {
    this.#context = context
    this.socket = socket
    this.peer = context.senders.peerOf(socket)
    const { isSecure, serverName } = securityOf(socket)
    this.serverName = serverName
    const scheme = isSecure ? 'https' : 'http'
    const trusted = context.senders.trustedBy(this.peer)
    this.forwarded = new ForwardedLines({ peer: this.peer, scheme, isHttp2: false, trusted })
    this.#sinceMs = context.now()
    this.#answer = new Http1Answer(socket)
    socket.setNoDelay(true)
    socket.on('data', (bytes) => this.#received(bytes))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => this.#ended())
    // Every error is followed by `close`, which is where it is handled.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#closed())
  }

  /** It takes no more bytes for now. */
  get isFull(): boolean {
    return this.socket.writableNeedDrain
  }

  /** It will send nothing more, but may still read. */
  get isHalfOpen(): boolean {
    return this.#hasEnded
  }

  /** No request will follow the present one: the client has ended, and nothing of a further one is here. */
  get #isLast(): boolean {
    return this.#hasEnded && this.#stash === null
  }

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  pause(): void {
    this.socket.pause()
  }

  /** Goes on reading: first what was set aside, then from the socket. */
  resume(): void {
    const stash = this.#stash
    this.#stash = null
    this.socket.resume()
    if (stash !== null) this.#received(stash)
  }

  /** Ends it so that nobody takes what was sent for complete. */
  cut(): void {
    reset(this.socket)
  }

  /** Ends it in order: now if it is idle, else after the present answer. */
  drain(): void {
    if (this.#state === 'idle') this.#close('')
  }

  answerTrouble(trouble: Trouble, exchange: Exchange): void {
    const { head, requestId } = exchange
    const { meaning, line } = head
    const persistent =
      trouble.status !== 400 &&
      exchange.isRequestDone &&
      meaning.persistent &&
      !meaning.upgrade &&
      !this.#isLast &&
      !this.#context.isDraining()
    const stays = line.minor === 0 ? 'keep-alive' : ''
    this.#context.counters.troubles += 1
    this.#context.log('debug', trouble.wrong, {
      code: trouble.code,
      requestId,
      peer: exchange.sender.peer,
    })
    const page = troublePage(trouble, {
      html: firstValue(head, ACCEPT).includes('text/html'),
      headOnly: line.method === 'HEAD',
      connection: persistent ? stays : 'close',
      date: this.#context.date(),
      requestId,
    })
    this.#exchange = null
    if (!persistent) return this.#close(page)
    this.socket.write(page)
    this.#goOn()
  }

  inform(head: ResponseHead): void {
    this.#answer.inform(head)
  }

  begin(head: ResponseHead, content: AnswerContent): void {
    const exchange = this.#exchange
    if (exchange === null) return
    this.#answer.begin(head, content, {
      exchange,
      isHalfOpen: this.#isLast,
      isDraining: this.#context.isDraining(),
      date: this.#context.date(),
    })
  }

  more(content: AnswerContent): void {
    this.#answer.more(content)
  }

  end(): void {
    this.#answer.end()
  }

  exchangeOver(): void {
    this.#exchange = null
    if (!this.#answer.isPersistent || this.#context.isDraining()) return this.#close('')
    this.#goOn()
  }

  #goOn(): void {
    this.#state = 'idle'
    this.#sinceMs = this.#context.now()
    if (!this.#isAdvancing) this.#next()
  }

  becomeTunnel(head: ResponseHead, upstream: UpstreamConnection, early: Buffer): void {
    this.#answer.inform(head)
    const stash = this.#stash
    this.#stash = null
    this.#state = 'tunnel'
    const over = this.#exchange?.handOver() ?? ((): void => undefined)
    this.#exchange = null
    const ends = { client: this.socket, upstream: upstream.socket, over }
    const tunnel = new Tunnel(this.#context, ends)
    this.#tunnel = tunnel
    upstream.handOver(tunnel)
    tunnel.received(early)
    if (stash !== null) tunnel.fromClient(stash)
    if (this.#hasEnded) tunnel.clientEnded()
    this.socket.resume()
  }

  sweep(nowMs: number): void {
    const { limits } = this.#context
    const stillMs = nowMs - this.#sinceMs
    if (this.#state === 'busy') this.#exchange?.sweep(nowMs)
    else if (this.#state === 'tunnel') this.#tunnel?.sweep(nowMs)
    else if (this.#state === 'head') this.#sweepHead(stillMs)
    else if (this.#state === 'closing') this.#sweepClosing(stillMs)
    else if (stillMs > limits.idleMs) this.#close('')
  }

  #sweepHead(stillMs: number): void {
    if (stillMs > this.#context.limits.headMs) this.#refuse(troubles.slowRequest())
  }

  #sweepClosing(stillMs: number): void {
    const { lingerMs, writeStallMs } = this.#context.limits
    // An answer still on its way has the time that a slow reader has.
    const limitMs = this.socket.writableLength > 0 ? writeStallMs : lingerMs
    if (stillMs > limitMs) this.socket.destroy()
  }

  #received(bytes: Buffer): void {
    if (this.#state === 'tunnel') {
      this.#tunnel?.fromClient(bytes)
    } else if (this.#state === 'closing') {
      this.#drop(bytes)
    } else if (this.#state === 'busy') {
      const taken = this.#stash === null ? (this.#exchange?.takeBody(bytes) ?? 0) : 0
      if (taken < bytes.length) this.#setAside(bytes.subarray(taken))
    } else if (this.#headBytes.add(bytes)) {
      this.#advance()
    } else {
      this.#waitForHead()
    }
  }

  /** A close before these are read would reset the connection, and the answer might be lost. */
  #drop(bytes: Buffer): void {
    this.#dropped += bytes.length
    if (this.#dropped > this.#context.limits.lingerBytes) this.socket.pause()
  }

  #setAside(bytes: Buffer): void {
    if (this.#state === 'closing') return this.#drop(bytes)
    this.#stash = this.#stash === null ? bytes : Buffer.concat([this.#stash, bytes])
    this.socket.pause()
  }

  #waitForHead(): void {
    if (this.#state === 'head') return
    this.#state = 'head'
    this.#sinceMs = this.#context.now()
  }

  /** The bytes set aside during an answer are the beginning of the next request. */
  #next(): void {
    const stash = this.#stash
    this.#stash = null
    if (stash !== null) {
      this.#headBytes.add(stash)
      this.#advance()
    }
    if (this.#stash === null && this.#state !== 'busy') this.socket.resume()
    this.#closeIfOver()
  }

  /**
   * Reads heads as long as each request is answered at once. A loop rather than recursion, since a
   * client may send thousands in one go; and none while the client does not take its answers.
   */
  #advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    while ((this.#state === 'idle' || this.#state === 'head') && !this.#headBytes.isEmpty) {
      if (this.isFull) {
        this.socket.pause()
        break
      }
      if (!this.#readHead()) break
    }
    this.#isAdvancing = false
    this.#closeIfOver()
  }

  /** The client has ended, and what is here is no whole request. */
  #closeIfOver(): void {
    if (!this.#hasEnded) return
    // Whole requests may still wait for the client to take its answers.
    if (this.#state === 'head' || (this.#state === 'idle' && this.#headBytes.isEmpty)) {
      this.#close('')
    }
  }

  /** False: more bytes are needed, or no more will be read. */
  #readHead(): boolean {
    const bytes = this.#headBytes.peek()
    if (bytes === null) return false
    const head = readRequestHead(bytes)
    if (head.kind === 'incomplete') {
      this.#waitForHead()
      return false
    }
    this.#headBytes.take()
    if (head.kind === 'refused') {
      this.#context.counters.refused += 1
      this.#refuse(troubles.badRequest(head.status, head.reason))
      return false
    }
    this.#begin(head)
    return true
  }

  #begin(head: RequestHead): void {
    this.#context.counters.requests += 1
    if (this.#context.portTunnels.isAsked(head.meaning.host)) return this.#beginTunnel(head)
    this.#state = 'busy'
    const exchange = new Exchange(this.#context, this, { head })
    this.#exchange = exchange
    const end = exchange.readFirst()
    if (end < head.bytes.length) this.#stash = head.bytes.subarray(end)
    // Until a member takes the content no more of it is read. A request that is complete leaves the
    // socket open for reading, so that we hear of a client that goes away.
    if (this.#stash !== null || !exchange.isRequestDone) this.socket.pause()
    else if (this.socket.isPaused()) this.socket.resume()
    exchange.start()
    // Answered at once: what was set aside is the next head.
    if (this.isIdle && this.#stash !== null) {
      this.#headBytes.add(this.#stash)
      this.#stash = null
      this.socket.resume()
    }
  }

  /** The request is for a tunnel to a port, of which the platform itself is the other end. */
  #beginTunnel(head: RequestHead): void {
    const { peer } = this.forwarded.senderOf(head)
    const begun = this.#context.portTunnels.begin({ head, socket: this.socket, peer })
    if ('status' in begun) return this.#refuse(begun)
    this.#state = 'tunnel'
    this.#tunnel = begun
    this.socket.resume()
    const early = head.bytes.subarray(head.end)
    if (early.length > 0) begun.fromClient(early)
    if (this.#hasEnded) begun.clientEnded()
  }

  #refuse(trouble: Trouble): void {
    const page = troublePage(trouble, {
      html: false,
      headOnly: false,
      connection: 'close',
      date: this.#context.date(),
      requestId: this.#context.newRequestId(),
    })
    this.#context.counters.troubles += 1
    this.#context.log('debug', trouble.wrong, { code: trouble.code, peer: this.peer })
    this.#close(page)
  }

  #close(lastWords: string): void {
    this.#state = 'closing'
    this.#sinceMs = this.#context.now()
    this.#stash = null
    this.#headBytes.take()
    if (lastWords === '') this.socket.end()
    else this.socket.end(lastWords)
    this.socket.resume()
  }

  #drained(): void {
    this.#exchange?.clientDrained()
    this.#tunnel?.clientDrained()
    if (this.#state !== 'idle' && this.#state !== 'head') return
    this.#advance()
    if (!this.isFull && this.#stash === null && this.#exchange === null) this.socket.resume()
  }

  #ended(): void {
    this.#hasEnded = true
    if (this.#state === 'busy') this.#exchange?.clientEnded()
    else if (this.#state === 'tunnel') this.#tunnel?.clientEnded()
    else this.#closeIfOver()
  }

  #closed(): void {
    this.#exchange?.abandon()
    this.#tunnel?.close()
    this.#exchange = null
    this.#tunnel = null
    this.#context.forget(this)
  }
}
