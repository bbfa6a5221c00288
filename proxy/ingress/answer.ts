import type { Buffer } from 'node:buffer'
import { bodyReader } from '../core/http-body.ts'
import type { BodyReader } from '../core/http-body.ts'
import { responseForClient } from '../core/http-forward.ts'
import { HTTP_LIMITS } from '../core/http-parse.ts'
import { readResponseHead } from '../core/http-response.ts'
import type { ResponseHead } from '../core/http-response.ts'
import type { ClientConnection } from './client-connection.ts'
import { writeContent } from './content.ts'
import type { IngressContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import { HeadBytes } from './head-bytes.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

interface Parties {
  readonly client: ClientConnection
  readonly exchange: Exchange
  readonly upstream: UpstreamConnection
}

/** What a member answers, on its way to the client: never more at a time than one read brings. */
export class Answer {
  readonly #context: IngressContext
  readonly #client: ClientConnection
  readonly #exchange: Exchange
  readonly #upstream: UpstreamConnection
  readonly #headBytes = new HeadBytes(HTTP_LIMITS.responseHeadBytes)
  #head: ResponseHead | null = null
  #body: BodyReader | null = null
  #isChunked = false
  #isPersistent = false
  #informational = 0
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

  /** Not a single byte has come. */
  get isUnanswered(): boolean {
    return this.#headBytes.isEmpty && this.#informational === 0 && this.#head === null
  }

  /** Keeps nothing of `bytes`, which are only lent. */
  received(bytes: Buffer): void {
    if (this.#isOver) return
    if (this.#body !== null) this.#content(bytes)
    else if (this.#headBytes.add(bytes)) this.#readHeads()
  }

  /** The member has closed its half: the end of an answer that has no other, or a broken one. */
  ended(): void {
    if (this.#isOver) return
    if (this.#head?.framing.kind !== 'until-close') return this.lost()
    this.#isOver = true
    if (this.#isChunked) this.#client.socket.write('0\r\n\r\n', 'latin1')
    this.#upstream.destroy()
    this.#exchange.finish(this.#isPersistent)
  }

  /** Cut short: the client must not take what it got for all of it. */
  lost(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#client.cut()
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
    const shape = { chunked: false, connection: '', date: '' } as const
    this.#client.socket.write(responseForClient(head, shape), 'latin1')
  }

  #switch(head: ResponseHead): void {
    if (!this.#exchange.head.meaning.upgrade || !head.upgraded) {
      return this.#refuse('it switches to a protocol that nobody asked for')
    }
    this.#isOver = true
    const shape = { chunked: false, connection: '', date: '' } as const
    this.#client.socket.write(responseForClient(head, shape), 'latin1')
    this.#client.becomeTunnel(this.#upstream, head.bytes.subarray(head.end))
  }

  #begin(head: ResponseHead): void {
    const { line, meaning } = this.#exchange.head
    const isOpenEnded = head.framing.kind === 'chunked' || head.framing.kind === 'until-close'
    this.#head = head
    this.#isChunked = isOpenEnded && line.minor === 1
    // An answer that comes before the request is complete may leave the client unsure whether to
    // send the rest, and so leave us unsure what comes next. A refused handshake likewise: bytes
    // sent ahead for the new protocol must not be read as requests (RFC 9110 §7.8, §10.1.1).
    this.#isPersistent =
      meaning.persistent &&
      this.#exchange.isRequestDone &&
      !meaning.upgrade &&
      !this.#client.isHalfOpen &&
      !this.#context.isDraining() &&
      (this.#isChunked || !isOpenEnded)
    const stays = line.minor === 0 ? 'keep-alive' : ''
    const before = responseForClient(head, {
      chunked: this.#isChunked,
      connection: this.#isPersistent ? stays : 'close',
      date: head.hasDate ? '' : this.#context.date(),
    })
    this.#body = bodyReader(head.framing)
    this.#relay({ bytes: head.bytes, from: head.end, before })
  }

  #content(bytes: Buffer): void {
    this.#relay({ bytes, from: 0, before: '' })
  }

  #relay({ bytes, from, before }: { bytes: Buffer; from: number; before: string }): void {
    const body = this.#body
    if (body === null) return
    const end = body.read(bytes, from)
    if (body.state === 'refused') return this.lost()
    const chunked = this.#isChunked
    writeContent(this.#client.socket, { bytes, body, chunked, before, isLent: true })
    if (body.state === 'done') this.#complete(end < bytes.length)
    else if (this.#client.isFull) this.#upstream.socket.pause()
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
    this.#exchange.finish(this.#isPersistent)
  }
}
