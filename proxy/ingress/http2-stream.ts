import { Buffer } from 'node:buffer'
import { constants } from 'node:http2'
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { OpenBody, bodyReader } from '../core/http-body.ts'
import { ACCEPT } from '../core/http-field-kind.ts'
import { firstValue, responseFields } from '../core/http-forward.ts'
import { troublePage } from '../core/http-page.ts'
import type { Trouble } from '../core/http-page.ts'
import type { Refused } from '../core/http-parse.ts'
import { readRequestHead } from '../core/http-request.ts'
import type { ResponseHead } from '../core/http-response.ts'
import { passedTrailers } from '../core/http-trailers.ts'
import type { Trailers } from '../core/http-trailers.ts'
import type { AnswerContent, Client } from './client.ts'
import type { IngressContext } from './context.ts'
import { Exchange } from './exchange.ts'
import type { ForwardedLines } from './forwarded-lines.ts'
import { ownAnswer } from './own-answer.ts'
import * as troubles from './troubles.ts'
import { Tunnel } from './tunnel.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

interface StreamOf {
  readonly stream: ServerHttp2Stream
  readonly peer: string
  readonly serverName: string | null
  readonly forwarded: ForwardedLines
}

/** One request over HTTP/2. To the exchange it is a client that asks once. */
export class Http2Stream implements Client {
  readonly peer: string
  readonly serverName: string | null
  readonly forwarded: ForwardedLines
  /** A stream that has said all is still open for the answer. */
  readonly isHalfOpen = false
  readonly takesTrailers = true
  readonly #context: IngressContext
  readonly #stream: ServerHttp2Stream
  #exchange: Exchange | null = null
  #openBody: OpenBody | null = null
  #tunnel: Tunnel | null = null
  #isCut = false
  /** Of the answer. */
  #trailers: Trailers = {}
  /** Of the request. */
  #askedTrailers: Trailers | undefined

  constructor(context: IngressContext, of: StreamOf) {
    this.#context = context
    this.#stream = of.stream
    this.peer = of.peer
    this.serverName = of.serverName
    this.forwarded = of.forwarded
  }

  get isFull(): boolean {
    return this.#stream.writableNeedDrain
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  /** Reads the request, made into a head of HTTP/1.1, and sets it on its way. */
  ask(text: string | Refused): void {
    const stream = this.#stream
    const head = typeof text === 'string' ? readRequestHead(Buffer.from(text, 'latin1')) : text
    if (head.kind === 'incomplete' || head.kind === 'refused') {
      this.#context.counters.refused += 1
      const [status, reason] =
        head.kind === 'refused' ? [head.status, head.reason] : [400, 'its head does not end']
      return this.#refuse(troubles.badRequest(status, reason))
    }
    // An upload is read once there is somebody to take it.
    stream.pause()
    stream.on('data', (bytes: Buffer) => this.#received(bytes))
    stream.on('trailers', (...[, , raw]: TrailersEvent) => {
      this.#askedTrailers = passedTrailers(raw)
    })
    stream.on('end', () => this.#ended())
    stream.on('drain', () => this.#drained())
    const { framing } = head.meaning
    this.#openBody = framing.kind === 'chunked' ? new OpenBody() : null
    const body = this.#openBody ?? bodyReader(framing)
    const exchange = new Exchange(this.#context, this, { head, body })
    this.#exchange = exchange
    exchange.readFirst()
    if (exchange.isRequestDone) stream.resume()
    exchange.start()
  }

  cut(code: number = constants.NGHTTP2_INTERNAL_ERROR): void {
    this.#isCut = true
    this.#stream.close(code)
  }

  sweep(nowMs: number): void {
    this.#exchange?.sweep(nowMs)
    this.#tunnel?.sweep(nowMs)
  }

  /** The stream is gone, complete or not. */
  closed(): void {
    this.#exchange?.abandon(this.#stream.rstCode)
    this.#tunnel?.close()
    this.#exchange = null
    this.#tunnel = null
  }

  inform(head: ResponseHead): void {
    if (this.#isOver()) return
    this.#stream.additionalHeaders(this.#fields(head))
  }

  begin(head: ResponseHead, content: AnswerContent): void {
    if (this.#isOver()) return
    const { state, ranges } = content.body
    const endStream = state === 'done' && ranges.length === 0
    // Closing a stream with an error would end it in order first, and what was cut short would look whole.
    // One that waits for trailers is not ended before we say so.
    const waitForTrailers = state !== 'done'
    const fields = this.#fields(head)
    if (!head.hasDate) fields['date'] = this.#context.date()
    if (waitForTrailers) this.#stream.on('wantTrailers', () => this.#endInOrder())
    this.#stream.respond(fields, { endStream, waitForTrailers })
    if (!endStream) this.more(content)
  }

  answerTrouble(trouble: Trouble, exchange: Exchange): void {
    const { head, requestId } = exchange
    this.#context.log('debug', trouble.wrong, {
      code: trouble.code,
      requestId,
      peer: exchange.sender.peer,
    })
    const html = firstValue(head, ACCEPT).includes('text/html')
    this.#exchange = null
    this.#page(trouble, { html, method: head.line.method, requestId })
  }

  more({ bytes, body }: AnswerContent): void {
    if (this.#isOver()) return
    const stream = this.#stream
    const { ranges } = body
    const isDone = body.state === 'done'
    for (let i = 0; i < ranges.length; i += 2) {
      const piece = Buffer.from(bytes.subarray(ranges[i], ranges[i + 1]))
      if (isDone && i + 2 >= ranges.length) stream.end(piece)
      else stream.write(piece)
    }
    if (isDone && ranges.length === 0) stream.end()
  }

  end(trailers: Trailers = {}): void {
    this.#trailers = trailers
    if (!this.#isOver()) this.#stream.end()
  }

  /**
   * Whoever is answered before all was sent need not send the rest (RFC 9113 §8.1). One whose WebSocket was refused
   * has left its half open, and might do so for ever.
   */
  exchangeOver(): void {
    const exchange = this.#exchange
    const isOpen = exchange?.head.meaning.upgrade === true && !this.#stream.readableEnded
    const isEarly = exchange?.isRequestDone === false || isOpen
    this.#exchange = null
    if (isEarly) this.#stopReading()
  }

  /** A WebSocket (RFC 8441 §5): the member has switched, so here a 200 begins the bytes both ways. */
  becomeTunnel(head: ResponseHead, upstream: UpstreamConnection, early: Buffer): void {
    const over = this.#exchange?.handOver() ?? ((): void => undefined)
    this.#exchange = null
    if (this.#isOver()) {
      upstream.destroy()
      return over()
    }
    const fields = this.#fields(head)
    delete fields['sec-websocket-accept']
    this.#stream.respond({ ...fields, ':status': 200 })
    const ends = { client: this.#stream, upstream: upstream.socket, over }
    const tunnel = new Tunnel(this.#context, ends)
    this.#tunnel = tunnel
    upstream.handOver(tunnel)
    tunnel.received(early)
    this.#stream.resume()
  }

  #refuse(trouble: Trouble): void {
    const requestId = this.#context.newRequestId()
    this.#context.log('debug', trouble.wrong, { code: trouble.code, peer: this.peer })
    this.#page(trouble, { html: false, method: 'GET', requestId })
  }

  /** A page of our own, read like an answer of a member. */
  #page(trouble: Trouble, asked: { html: boolean; method: string; requestId: string }): void {
    this.#context.counters.troubles += 1
    const { html, method, requestId } = asked
    const text = troublePage(trouble, {
      html,
      headOnly: method === 'HEAD',
      connection: '',
      date: this.#context.date(),
      requestId,
    })
    const answer = ownAnswer(text, method)
    if (answer === null) return this.cut()
    this.begin(answer.head, answer.content)
    if (!this.#stream.readableEnded) this.#stopReading()
  }

  #stopReading(): void {
    const stream = this.#stream
    stream.resume()
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR)
    else stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
  }

  #fields(head: ResponseHead): OutgoingHttpHeaders {
    // Without a prototype, since an app names the fields.
    const fields: OutgoingHttpHeaders = Object.create(null)
    fields[':status'] = head.status
    for (const [name, value] of responseFields(head)) {
      const before = fields[name]
      if (before === undefined) fields[name] = value
      else fields[name] = [...(Array.isArray(before) ? before : [String(before)]), value]
    }
    return fields
  }

  #endInOrder(): void {
    if (!this.#isCut) this.#stream.sendTrailers({ ...this.#trailers })
  }

  #isOver(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  #received(bytes: Buffer): void {
    if (this.#tunnel !== null) this.#tunnel.fromClient(bytes)
    else this.#exchange?.takeBody(bytes)
  }

  #ended(): void {
    if (this.#tunnel !== null) return this.#tunnel.clientEnded()
    const exchange = this.#exchange
    if (exchange === null || exchange.isRequestDone) return
    if (this.#openBody === null) return exchange.clientEnded()
    this.#openBody.end()
    exchange.contentEnded(this.#askedTrailers)
  }

  #drained(): void {
    this.#exchange?.clientDrained()
    this.#tunnel?.clientDrained()
  }
}

type TrailersEvent = [fields: IncomingHttpHeaders, flags: number, raw: string[]]
