import { Buffer } from 'node:buffer'
import { constants } from 'node:http2'
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { http2AnswerHead, http2Fields } from '../core/http2-member.ts'
import { passedTrailers } from '../core/http-trailers.ts'
import type { Trailers } from '../core/http-trailers.ts'
import type { Backend } from './backend.ts'
import type { Content } from './content.ts'
import type { Http2Session, Http2Sessions } from './http2-session.ts'
import type { Upstream, UpstreamUser } from './upstream.ts'

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } = constants
/** A member whose answer is complete by its length has so long to end its stream. */
const END_MS = 1_000
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')

type HeadEvent = [fields: IncomingHttpHeaders, flags: number, raw?: readonly string[]]

interface Of {
  readonly backend: Backend
  readonly sessions: Http2Sessions
  readonly session: Http2Session
  readonly user: UpstreamUser
}

/** One request to a member that speaks HTTP/2. To its user it answers as a member of HTTP/1.1 would. */
export class Http2Upstream implements Upstream {
  readonly isReused: boolean
  readonly #backend: Backend
  readonly #sessions: Http2Sessions
  readonly #session: Http2Session
  #user: UpstreamUser | null
  #stream: ClientHttp2Stream | null = null
  #method = ''
  #trailers: Trailers = {}
  #answerTrailers: Trailers | undefined
  #hasEnded = false
  #isBusy = true

  constructor({ backend, sessions, session, user }: Of) {
    this.#backend = backend
    this.#sessions = sessions
    this.#session = session
    this.#user = user
    this.isReused = session.isOpen
    backend.begun()
    session.join(this)
  }

  get isFull(): boolean {
    return this.#stream?.writableNeedDrain === true
  }

  sessionOpen(): void {
    this.#backend.reached()
    this.#user?.connected()
  }

  sessionGone(): void {
    // A stream that there is says so itself.
    if (this.#stream === null)
      this.#over((user) => (this.isReused ? user.lost() : user.connectFailed()))
  }

  write({ bytes, body, before }: Content, trailers?: Trailers): void {
    const isDone = body.state === 'done'
    const { ranges } = body
    if (before !== '' && !this.#ask(before, isDone && ranges.length === 0)) return
    const stream = this.#stream
    if (stream === null || stream.writableEnded || stream.destroyed) return
    for (let i = 0; i < ranges.length; i += 2) {
      stream.write(Buffer.from(bytes.subarray(ranges[i], ranges[i + 1])))
    }
    if (!isDone) return
    if (trailers !== undefined) this.#trailers = trailers
    stream.end()
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  answered(): void {
    this.#backend.answered()
  }

  release(): void {
    const stream = this.#stream
    this.#user = null
    this.#over(() => undefined)
    if (stream === null || this.#hasEnded) return
    const late = setTimeout(() => stream.close(NGHTTP2_CANCEL), END_MS).unref()
    stream.resume().once('close', () => clearTimeout(late))
  }

  destroy(code: number = NGHTTP2_CANCEL): void {
    const stream = this.#stream
    this.#user = null
    this.#over(() => undefined)
    if (stream === null || stream.closed) return
    if (!this.#hasEnded || !stream.writableEnded) stream.close(code)
  }

  /** False: node refuses to send such fields, and the request is lost. */
  #ask(head: string, endStream: boolean): boolean {
    const fields = http2Fields(head, this.#user?.takesTrailers === true)
    this.#method = String(fields[':method'])
    try {
      const stream = this.#session.session.request(fields, {
        endStream,
        waitForTrailers: !endStream,
      })
      this.#stream = stream
      this.#listen(stream)
      return true
    } catch {
      queueMicrotask(() => this.#over((user) => user.lost()))
      return false
    }
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('continue', () => this.#user?.received(CONTINUE))
    stream.on('headers', (...event: HeadEvent) => this.#head(event))
    stream.on('response', (...event: HeadEvent) => {
      this.#head(event)
      // Not before: Deno brings content that came with the head ahead of it.
      stream.on('data', (bytes: Buffer) => this.#user?.received(bytes))
    })
    stream.on('trailers', (...[fields, , raw]: HeadEvent) => {
      this.#answerTrailers = passedTrailers(raw ?? flat(fields))
    })
    stream.on('end', () => {
      this.#hasEnded = true
      // One that was reset ends too, and is lost.
      if (stream.rstCode === NGHTTP2_NO_ERROR) this.#user?.ended(this.#answerTrailers)
    })
    stream.on('drain', () => this.#user?.drained())
    stream.on('wantTrailers', () => stream.sendTrailers({ ...this.#trailers }))
    // Every error is followed by `close`, which is where it is handled.
    stream.on('error', () => undefined)
    stream.on('close', () => {
      const { rstCode } = stream
      // Where all of the session has failed the code is node's own.
      const isItsWord = rstCode !== NGHTTP2_NO_ERROR && !this.#session.session.destroyed
      this.#over((user) => user.lost(isItsWord ? rstCode : undefined))
    })
  }

  #head([fields, flags, raw]: HeadEvent): void {
    const isWhole = (flags & NGHTTP2_FLAG_END_STREAM) !== 0
    const text = http2AnswerHead({ raw: raw ?? flat(fields), isWhole, method: this.#method })
    this.#user?.received(Buffer.from(text, 'latin1'))
  }

  /** However it ends, and once. */
  #over(tell: (user: UpstreamUser) => void): void {
    const user = this.#user
    this.#user = null
    if (this.#isBusy) {
      this.#isBusy = false
      this.#session.leave(this, this.#sessions.now)
      this.#backend.over()
    }
    if (user !== null) tell(user)
  }
}

const flat = (fields: IncomingHttpHeaders): string[] =>
  Object.entries(fields).flatMap(([name, value]) =>
    [value ?? ''].flat().flatMap((one) => [name, one]),
  )
