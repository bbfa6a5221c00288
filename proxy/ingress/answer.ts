import type { Buffer } from 'node:buffer'
import { bodyReader, contentBytes } from '../core/http-body.ts'
import type { BodyReader } from '../core/http-body.ts'
import { HTTP_LIMITS } from '../core/http-parse.ts'
import { readResponseHead } from '../core/http-response.ts'
import type { ResponseHead } from '../core/http-response.ts'
import type { Trailers } from '../core/http-trailers.ts'
import { answerHead } from './answer-head.ts'
import type { Client } from './client.ts'
import type { IngressContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import { HeadBytes } from './head-bytes.ts'
import { UpstreamConnection } from './upstream-connection.ts'
import type { Upstream } from './upstream.ts'

interface Parties {
  readonly client: Client
  readonly exchange: Exchange
  readonly upstream: Upstream
}

/** What a member answers, on its way to the client: never more at a time than one read brings. */
export class Answer {
  readonly #context: IngressContext
  readonly #client: Client
  readonly #exchange: Exchange
  readonly #upstream: Upstream
  readonly #headBytes = new HeadBytes(HTTP_LIMITS.responseHeadBytes)
  #head: ResponseHead | null = null
  #body: BodyReader | null = null
  #informational = 0
  #bytes = 0
  #isOver = false

  constructor(context: IngressContext, { client, exchange, upstream }: Parties) {
    this.#context = context
    this.#client = client
    this.#exchange = exchange
    this.#upstream = upstream
  }

  /** The client has the head of it already, so it can only be finished or cut. */
  get isBegun(): boolean {
    return this.#head !== null
  }

  /** 0: it has not begun. */
  get status(): number {
    return this.#head?.status ?? 0
  }

  /** Of its content, so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Not a single byte has come. */
  get isUnanswered(): boolean {
    return this.#headBytes.isEmpty && this.#informational === 0 && this.#head === null
  }

  /** Keeps nothing of `bytes`, which are only lent. */
  received(bytes: Buffer): void {
    if (this.#isOver) return
    if (this.#body !== null) this.#content(bytes, this.#body)
    else if (this.#headBytes.add(bytes)) this.#readHeads()
  }

  /** The member has closed its half: the end of an answer that has no other, or a broken one. */
  ended(trailers?: Trailers): void {
    if (this.#isOver) return
    if (this.#head?.framing.kind !== 'until-close') return this.lost()
    this.#isOver = true
    this.#client.end(trailers)
    this.#upstream.destroy()
    this.#exchange.finish()
  }

  /** Cut short: the client must not take what it got for all of it. */
  lost(code?: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#client.cut(code)
  }

  #readHeads(): void {
    while (!this.#isOver && this.#body === null) {
      const bytes = this.#headBytes.peek()
      if (bytes === null) return
      const head = readResponseHead(bytes, this.#exchange.head.line.method)
      if (head.kind === 'incomplete') return this.#headBytes.settle()
      if (head.kind === 'refused') return this.#refuse(head.reason)
      this.#headBytes.take()
      if (head.status >= 200) this.#begin(head)
      else if (head.status === 101) this.#switch(head)
      else this.#inform(head)
    }
  }

  #refuse(reason: string): void {
    this.#isOver = true
    this.#exchange.answerRefused(reason)
  }

  /** 1xx: on to the client where it can read them, and 100 only if it asked (RFC 9110 §15.2). */
  #inform(head: ResponseHead): void {
    const { line, meaning } = this.#exchange.head
    this.#informational += 1
    if (this.#informational > this.#context.limits.informational) {
      return this.#refuse('it does not get beyond announcements')
    }
    if (head.end < head.bytes.length) this.#headBytes.add(head.bytes.subarray(head.end))
    if (line.minor === 0 || (head.status === 100 && !meaning.expectsContinue)) return
    this.#client.inform(head)
  }

  #switch(head: ResponseHead): void {
    const upstream = this.#upstream
    const isAsked = this.#exchange.head.meaning.upgrade && head.upgraded
    if (!isAsked || !(upstream instanceof UpstreamConnection)) {
      return this.#refuse('it switches to a protocol that nobody asked for')
    }
    this.#isOver = true
    this.#client.becomeTunnel(head, upstream, head.bytes.subarray(head.end))
  }

  #begin(read: ResponseHead): void {
    const head = answerHead(read, this.#exchange)
    if (head === null) return this.#refuse('with what its route adds, its head is too large')
    const { bytes } = head
    const body = bodyReader(head.framing)
    const end = body.read(bytes, head.end)
    // Nothing has gone to the client yet, so it can be told.
    if (body.state === 'refused') return this.#refuse(body.reason)
    this.#head = head
    this.#upstream.answered()
    this.#body = body
    this.#bytes = contentBytes(body)
    this.#client.begin(head, { bytes, body })
    this.#goOn(body, end < bytes.length)
  }

  #content(bytes: Buffer, body: BodyReader): void {
    const end = body.read(bytes, 0)
    if (body.state === 'refused') return this.lost()
    this.#bytes += contentBytes(body)
    this.#client.more({ bytes, body })
    this.#goOn(body, end < bytes.length)
  }

  #goOn(body: BodyReader, hasMore: boolean): void {
    if (body.state === 'done') this.#complete(hasMore)
    else if (this.#client.isFull) this.#upstream.pause()
  }

  /** The connection is used again only where nothing is left to doubt (RFC 9112 §9.3). */
  #complete(hasMore: boolean): void {
    const head = this.#head
    this.#isOver = true
    const isReusable =
      head !== null &&
      head.persistent &&
      !hasMore &&
      this.#exchange.isRequestDone &&
      !this.#exchange.head.meaning.upgrade
    if (isReusable) this.#upstream.release(head.keepAliveS)
    else this.#upstream.destroy()
    this.#exchange.finish()
  }
}
