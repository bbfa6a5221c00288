import type { Buffer } from 'node:buffer'
import type { BodyReader } from '../core/http-body.ts'
import type { Trouble } from '../core/http-page.ts'
import type { ResponseHead } from '../core/http-response.ts'
import type { Trailers } from '../core/http-trailers.ts'
import type { Exchange } from './exchange.ts'
import type { ForwardedLines } from './forwarded-lines.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** What of an answer's content has just come. The bytes are lent: their place is filled anew at once. */
export interface AnswerContent {
  readonly bytes: Buffer
  /** Its ranges are the places of the content in `bytes`; once it is done the answer is complete. */
  readonly body: BodyReader
}

/** Who asks, as an exchange and its answer see it: a connection of HTTP/1.1, or a stream of HTTP/2. */
export interface Client {
  /** Who made the connection; of each request the exchange knows the sender. */
  readonly peer: string
  readonly forwarded: ForwardedLines
  /** The name that the client asked the certificate of; null without TLS, or without a name. */
  readonly serverName: string | null
  /** It takes no more bytes for now. */
  readonly isFull: boolean
  /** It will send nothing more, but may still read. */
  readonly isHalfOpen: boolean
  /** It can be given trailers, and told the reason of a reset. */
  readonly takesTrailers: boolean
  pause(): void
  resume(): void
  /** Ends it so that nobody takes what was sent for complete; with the member's own reason, where it can be told. */
  cut(code?: number): void
  /** An announcement (1xx) that precedes the answer. */
  inform(head: ResponseHead): void
  begin(head: ResponseHead, content: AnswerContent): void
  more(content: AnswerContent): void
  /** An answer whose length nobody knew is complete. Where there are no trailers they are left out. */
  end(trailers?: Trailers): void
  /** The answer is written; on to the next request, or to the end. */
  exchangeOver(): void
  /** The member has agreed to speak another protocol (101). `early` is lent. */
  becomeTunnel(head: ResponseHead, upstream: UpstreamConnection, early: Buffer): void
  answerTrouble(trouble: Trouble, exchange: Exchange): void
}
