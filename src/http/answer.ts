import { createHash } from 'node:crypto'
import type { Endpoint } from '../contract/endpoint.ts'
import { derivedOf, isFinished, textOfFinished } from '../contract/finished.ts'
import type { Answer } from '../services/once.ts'
import { withCursor, writtenCursor } from './pages.ts'

/** Answers are parsed too: a column that the contract does not name cannot leave the house. */
export function answerOf(e: Endpoint, output: unknown, status: number): Answer {
  if (status === 204) return { status, headers: {}, body: '' }
  const body = isFinished(output)
    ? withCursor(e, textOfFinished(output))
    : JSON.stringify(pageOf(e, e.response.parse(output)))
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  if (!showsOne(e)) return { status, body, headers }
  const etag = isFinished(output) ? derivedOf(output, etagOf) : etagOf(body)
  return { status, body, headers: { ...headers, etag } }
}

export function responseOf({ status, headers, body }: Answer): Response {
  const isEmpty = status === 204 || status === 304
  return new Response(isEmpty ? null : body, { status, headers: { ...headers } })
}

/** A page whose cursor is not the last of it, as that of a finished one is. */
function pageOf(e: Endpoint, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('nextCursor' in value)) return value
  const { nextCursor } = value
  if (typeof nextCursor !== 'string') return value
  return { ...value, nextCursor: writtenCursor(e, nextCursor) }
}

/** Whether an endpoint answers one resource, under that resource's own address. */
export const showsOne = ({ kind, method, path }: Endpoint): boolean =>
  kind === 'answer' && path.endsWith('}') && method !== 'delete' && method !== 'post'

/**
 * A strong validator (RFC 9110 §8.8.3): it changes with every byte of the answer. Where there is a
 * generation it stands in front: what is wanted of the resource has changed when that has, while the
 * rest of it may tell of what the resource does by itself.
 */
export function etagOf(body: string): string {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  const generation = generationOf(JSON.parse(body))
  return `"${generation === undefined ? '' : `${generation}.`}${digest}"`
}

export function generationOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('generation' in value)) return undefined
  return typeof value.generation === 'number' ? value.generation : undefined
}
