import { HOST, lines } from '../ingress/kit.ts'

/**
 * One case of the table: the bytes that a client sends on one connection, and what has to come of
 * them. A name begins with the row of the checklist (`2a`: requests, `2b`: forwarding) or the section
 * of the RFC that it was written from.
 */
export interface RequestCase {
  readonly name: string
  /** In latin1. */
  readonly sent: string
  /** The client closes its half after the last byte. */
  readonly ends?: true
  readonly answers: readonly (number | Answer)[]
  /** Whether the connection carries a further request afterwards. */
  readonly connection: 'kept' | 'closed'
  /** The whole requests that the member got. If there is none, it got no byte at all, but for: */
  readonly saw: readonly Seen[]
  /** …the beginning of a request whose content turned out bad when its head had gone on already. */
  readonly begun?: true
}

/** What the client gets. */
export interface Answer {
  readonly status: number
  readonly toHead?: true
  readonly content?: string
  /** The member's lines that come through: all but the framing, Connection and Date. */
  readonly lines?: readonly string[]
}

/** What a member says to a request, byte by byte, and what the client is to make of it. */
export interface ResponseCase {
  readonly name: string
  /** The request; `GET /` if it does not matter. */
  readonly asked?: string
  /** The member does not wait for the content of the request. */
  readonly early?: true
  readonly said: string
  /** What the member does after that; else it waits for the next request. */
  readonly after?: 'ends' | 'resets'
  readonly answers: readonly (number | Answer)[]
  /** `cut`: reset, so that nobody takes what came for all of it. */
  readonly connection: 'kept' | 'closed' | 'cut'
  /** Whether the member's connection carries the next request. */
  readonly reused: boolean
  /** The offence comes after the head: in pieces that has gone on to the client, and is cut. */
  readonly begun?: true
}

/** No answer at all: 502, and the member's connection is given up. */
export function invalid(name: string, said: string): ResponseCase {
  return { name, said, answers: [502], connection: 'kept', reused: false }
}

/** As `invalid`, where the offence comes after a good head. */
export function invalidContent(name: string, said: string): ResponseCase {
  return { ...invalid(name, said), begun: true }
}

/** Goes through, and both connections go on. */
export function answered(name: string, said: string, answer: Partial<Answer> = {}): ResponseCase {
  return { name, said, answers: [{ status: 200, ...answer }], connection: 'kept', reused: true }
}

/** What the member gets, beyond what the checker of canonical requests asks of all of them. */
export interface Seen {
  /** Method and target. */
  readonly asked: string
  readonly content?: string
  /** The peer's own lines, in order: all but Host, the framing and what we say ourselves. */
  readonly lines?: readonly string[]
  readonly host?: string
}

/** Refused, and nothing of it passed on. */
export function refusal(name: string, sent: string, status = 400): RequestCase {
  return { name, sent, answers: [status], connection: 'closed', saw: [] }
}

/** Refused for its content, of which a part may have been passed on before. */
export function late(name: string, sent: string, status = 400): RequestCase {
  return { ...refusal(name, sent, status), begun: true }
}

/** Passed on and answered, and the connection goes on. */
export function pass(name: string, sent: string, ...saw: readonly Seen[]): RequestCase {
  return { name, sent, answers: saw.map(() => 200), connection: 'kept', saw }
}

/** `POST /` with these fields, and after them the content. */
export function post(fields: readonly string[], content = ''): string {
  return lines('POST / HTTP/1.1', `Host: ${HOST}`, ...fields, '') + content
}

export function chunked(content: string): string {
  return post(['Transfer-Encoding: chunked'], content)
}
