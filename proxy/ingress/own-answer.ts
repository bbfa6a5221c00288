import { Buffer } from 'node:buffer'
import { bodyReader } from '../core/http-body.ts'
import { targetOf } from '../core/http-forward.ts'
import type { RequestHead } from '../core/http-request.ts'
import { readResponseHead } from '../core/http-response.ts'
import type { ResponseHead } from '../core/http-response.ts'
import type { AnswerContent } from './client.ts'
import type { IngressContext } from './context.ts'

/** An answer that no member gives, in the shape in which a member's comes. */
export interface OwnAnswer {
  readonly head: ResponseHead
  readonly content: AnswerContent
}

/** What an authority asks for to see that the host is ours (RFC 8555 §8.3); null: it is something else. */
export function challengeAnswer(
  { challenges, now }: Pick<IngressContext, 'challenges' | 'now'>,
  head: RequestHead,
): OwnAnswer | null {
  const { line, meaning } = head
  const { method } = line
  if (challenges.isEmpty || (method !== 'GET' && method !== 'HEAD')) return null
  if (meaning.framing.kind !== 'none') return null
  const text = challenges.answer(meaning.host, targetOf(head), now())
  return text === undefined ? null : plainText(text, method)
}

function plainText(text: string, method: string): OwnAnswer | null {
  const length = Buffer.byteLength(text)
  const fields = `Content-Type: text/plain\r\nContent-Length: ${length}\r\nCache-Control: no-store`
  return ownAnswer(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${method === 'HEAD' ? '' : text}`, method)
}

/** Of a whole answer as text; null: it is none. */
export function ownAnswer(text: string, method: string): OwnAnswer | null {
  const bytes = Buffer.from(text)
  const head = readResponseHead(bytes, method)
  if (head.kind !== 'head') return null
  const body = bodyReader(head.framing)
  body.read(bytes, head.end)
  return { head, content: { bytes, body } }
}
