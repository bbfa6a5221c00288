import type { Trailers } from '../core/http-trailers.ts'
import type { Content } from './content.ts'

/** A request on its way to a member, whichever protocol that speaks: a connection, or a stream of one. */
export interface Upstream {
  /** It has served a request before, so the member may have closed it in the meantime. */
  readonly isReused: boolean
  /** It takes no more for now. */
  readonly isFull: boolean
  /** The head of the request is what goes `before` the first content, as HTTP/1.1 has it. */
  write(content: Content, trailers?: Trailers): void
  pause(): void
  resume(): void
  /** It has begun to answer. */
  answered(): void
  /** The answer is complete, and nothing is left to doubt. */
  release(keepAliveS: number | undefined): void
  /** With what the client has reset its own stream, if it has. */
  destroy(code?: number): void
}

/** Whoever uses one hears of everything that happens on it. */
export interface UpstreamUser {
  connected(): void
  connectFailed(): void
  /** The bytes are lent: when this returns, their place is filled anew. */
  received(bytes: Buffer): void
  /** The member has said all. */
  ended(trailers?: Trailers): void
  /** It is gone; with a code where the member has reset a stream. Not said after `destroy`. */
  lost(code?: number): void
  drained(): void
  /** The client may be given trailers. */
  readonly takesTrailers?: boolean
}
